import { IconAlertTriangle, IconRefresh } from '@tabler/icons-react';
import {
  createElement,
  use,
  useSyncExternalStore,
  type ComponentType,
  type ReactNode,
} from 'react';

export interface FailedProps {
  error: unknown;
  retry: () => void;
}

/** A component that can be asked to fetch its code before it is drawn. */
type OnDemand<Props> = ((props: Props) => ReactNode) & { preload: () => Promise<void> };

const preloads: (() => Promise<void>)[] = [];
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * A page, or something that opens over one, whose code is fetched separately. If that fails, the
 * failure is shown in its place and the code is fetched again. The document and its state stay: a
 * reload would throw them away just when the server cannot give them back.
 */
export function onDemand<Props extends object>(
  fetchPart: () => Promise<ComponentType<Props>>,
  Failed: ComponentType<FailedProps> = DialogNotLoaded,
): OnDemand<Props> {
  let part: ComponentType<Props> | undefined;
  let failure: { error: unknown } | undefined;
  let fetching: Promise<void> | undefined;
  const preload = (): Promise<void> => {
    if (part) return Promise.resolve();
    fetching ??= fetchPart()
      .then(
        (fetched) => void (part = fetched),
        (error: unknown) => {
          failure = { error };
          fetching = undefined;
        },
      )
      .finally(() => listeners.forEach((listener) => listener()));
    return fetching;
  };
  const OnDemandPart = (props: Props) => {
    useSyncExternalStore(subscribe, () => part ?? failure);
    if (part) return createElement(part, props);
    if (failure) return <Failed error={failure.error} retry={() => void preload()} />;
    use(preload());
    return null;
  };
  preloads.push(preload);
  return Object.assign(OnDemandPart, { preload });
}

/** Fetches, one after the other, all code that is not there yet; parts of parts come with them. */
export async function fetchAllParts(): Promise<void> {
  for (const preload of preloads) await preload();
}

function DialogNotLoaded({ retry }: FailedProps) {
  return (
    <div className="notice not-loaded" role="alert">
      <IconAlertTriangle size={16} color="var(--behind)" aria-hidden="true" />
      <div>
        <b>This cannot be opened: the server does not send its code.</b>
        <p>It opens by itself as soon as the server answers.</p>
      </div>
      <button type="button" className="btn btn-small" onClick={retry}>
        <IconRefresh size={14} aria-hidden="true" /> Try again
      </button>
    </div>
  );
}
