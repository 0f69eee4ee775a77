/** How often to check whether the process that started this one still runs. */
const PARENT_CHECK_MS = 500;

/**
 * A request to stop: by a signal, by the end of the npm that started this script, or by a failure.
 * The first reason counts; later ones change nothing, since stopping is bounded anyway.
 */
export function stopRequest() {
  const controller = new AbortController();
  const requested = new Promise((resolve) => {
    controller.signal.addEventListener('abort', () => resolve(controller.signal.reason));
  });
  const request = (reason) => controller.abort(reason);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => request(signal));
  watchParent(request);
  return { request, requested, signal: controller.signal };
}

/**
 * An npm that is killed hard cannot pass on a signal; the system then gives this process another
 * parent. Without npm, the parent is a shell that may well end earlier.
 */
function watchParent(request) {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) request('the process that started it is gone');
  }, PARENT_CHECK_MS).unref();
}
