import { boundAddresses, isWildcard, publicHostOf } from './addresses.ts';
import { ConfigError } from './config-error.ts';
import { settingVariable } from './kafka-settings.ts';
import { elementsOf } from './variables.ts';

/** A listener of the embedded broker. */
export interface KafkaListener {
  readonly name: string;
  /** Addresses that are bound, the one that was asked for first. */
  readonly hosts: readonly string[];
  /** 0: any free one. */
  readonly port: number;
  /** What clients of this listener are told to connect to. */
  readonly advertisedHost: string;
  /** undefined: the port that is listened on. */
  readonly advertisedPort: number | undefined;
}

/** Our own variables, which apply where Kafka's settings say nothing. */
export interface OwnAddress {
  /** Undefined where it is the default and nobody asked for it. */
  readonly explicitBind: string | undefined;
  readonly explicitPort: number | undefined;
  readonly advertisedHost: string | undefined;
  readonly defaultBind: string;
  readonly defaultPort: number;
}

type Settings = Readonly<Record<string, string>>;

/** An element of `listeners` or `advertised.listeners`. */
interface Endpoint {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

export interface KafkaListeners {
  readonly listeners: readonly [KafkaListener, ...KafkaListener[]];
  /** One sentence for each part of what was set that has no effect. */
  readonly notices: readonly string[];
}

/**
 * The listeners that `listeners`, `advertised.listeners` and related settings give by Kafka's rules
 * (`KafkaConfig.validateValues`). Where they say nothing, our own variables apply.
 *
 * If only `advertised.listeners` is set, its names and ports are listened on at every address, as
 * in Kafka's container images, unless our own variables say where to listen.
 * @throws ConfigError for what Kafka refuses, and for listeners with TLS or SASL: serving them
 *   unprotected would be worse than not starting
 */
export function kafkaListeners(settings: Settings, own: OwnAddress): KafkaListeners {
  const controllers = new Set(elementsOf(settings['controller.listener.names']).map(upperCase));
  const isOfClients = ({ name }: Endpoint) => !controllers.has(name);
  const listed = parseEndpoints('listeners', settings);
  const advertised = parseEndpoints('advertised.listeners', settings).filter(isOfClients);
  const wanted = endpointsToServe(listed.filter(isOfClients), listed.length > 0, advertised, own);
  const [first, ...others] = wanted;
  if (first === undefined) {
    throw refusal('listeners', settings, 'at least one listener that is not for controllers');
  }
  checkNames(wanted, settings);
  checkPorts(wanted, settings);
  for (const { name } of wanted) checkIsPlain(name, settings);
  checkAdvertised(advertised, wanted, settings);
  const serve = (endpoint: Endpoint) => listener(endpoint, wanted, advertised, own);
  return {
    listeners: [serve(first), ...others.map(serve)],
    notices: notices({ settings, own, listed, advertised, wanted, controllers }),
  };
}

function endpointsToServe(
  listed: readonly Endpoint[],
  isListed: boolean,
  advertised: readonly Endpoint[],
  own: OwnAddress,
): readonly Endpoint[] {
  if (isListed) return listed;
  const { explicitPort, defaultBind, defaultPort } = own;
  const isOneElsewhere = advertised.length === 1 && explicitPort !== undefined;
  if (advertised.length > 0 && !isOneElsewhere) {
    return advertised.map(({ name, port }) => ({ name, host: '', port }));
  }
  const name = advertised[0]?.name ?? 'PLAINTEXT';
  return [{ name, host: defaultBind, port: explicitPort ?? defaultPort }];
}

function listener(
  { name, host, port }: Endpoint,
  all: readonly Endpoint[],
  advertised: readonly Endpoint[],
  own: OwnAddress,
): KafkaListener {
  // No host means every address, as in Kafka, unless our own variables say one.
  const bind = host || (own.explicitBind ?? '0.0.0.0');
  const told = advertised.find((each) => each.name === name);
  const isTaken = (address: string) =>
    port !== 0 &&
    all.some((each) => each.name !== name && each.port === port && each.host === address);
  return {
    name,
    hosts: boundAddresses(bind).filter((address, index) => index === 0 || !isTaken(address)),
    port,
    advertisedHost: (told ? told.host : own.advertisedHost) || publicHostOf(bind),
    advertisedPort: told?.port,
  };
}

const ENDPOINT = /^([A-Za-z0-9._-]+):\/\/(?:\[([0-9a-fA-F:.]+)\]|([^:/\s]*)):(\d{1,5})$/;

function parseEndpoints(setting: string, settings: Settings): Endpoint[] {
  return elementsOf(settings[setting]).map((element) => {
    const match = ENDPOINT.exec(element);
    const port = Number(match?.[4]);
    if (!match || port > 65_535) {
      throw refusal(setting, settings, 'NAME://host:port, several separated by commas');
    }
    return { name: upperCase(match[1] ?? ''), host: match[2] ?? match[3] ?? '', port };
  });
}

function checkNames(wanted: readonly Endpoint[], settings: Settings): void {
  if (new Set(wanted.map(({ name }) => name)).size < wanted.length) {
    throw refusal(sourceOf(settings), settings, 'a different name for each listener');
  }
}

/** Two listeners may share a port only if one is on IPv4 and the other on IPv6. */
function checkPorts(wanted: readonly Endpoint[], settings: Settings): void {
  for (const [index, one] of wanted.entries()) {
    for (const other of wanted.slice(0, index)) {
      const areFamilies =
        one.host.includes(':') !== other.host.includes(':') && one.host !== '' && other.host !== '';
      if (one.port === 0 || one.port !== other.port || areFamilies) continue;
      throw refusal(sourceOf(settings), settings, 'a different port for each listener');
    }
  }
}

function sourceOf(settings: Settings): string {
  return settings['listeners'] === undefined ? 'advertised.listeners' : 'listeners';
}

const PROTOCOLS = new Set(['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL']);

function checkIsPlain(name: string, settings: Settings): void {
  const setting = 'listener.security.protocol.map';
  const map = elementsOf(settings[setting]).map((pair) => pair.split(':').map(upperCase));
  const broken = map.find((pair) => pair.length !== 2 || !PROTOCOLS.has(pair[1] ?? ''));
  if (broken) {
    const allowed = `NAME:PROTOCOL, several separated by commas, of the protocols ${[...PROTOCOLS].join(', ')}`;
    throw refusal(setting, settings, allowed);
  }
  const isByItsName = map.length === 0 && PROTOCOLS.has(name);
  const protocol = isByItsName ? name : map.find(([mapped]) => mapped === name)?.[1];
  if (protocol === 'PLAINTEXT') return;
  if (protocol === undefined) {
    const allowed = `a protocol for each listener (there is none for ${name})`;
    throw refusal(setting, settings, allowed);
  }
  const allowed = 'listeners of the protocol PLAINTEXT: TLS and SASL are not built';
  throw new ConfigError(settingVariable(sourceOf(settings)), `${name} (${protocol})`, allowed);
}

function checkAdvertised(
  advertised: readonly Endpoint[],
  wanted: readonly Endpoint[],
  settings: Settings,
): void {
  const setting = 'advertised.listeners';
  const names = wanted.map(({ name }) => name);
  if (advertised.some(({ name }) => !names.includes(name))) {
    throw refusal(setting, settings, `names that are in listeners: ${names.join(', ')}`);
  }
  if (new Set(advertised.map(({ name }) => name)).size < advertised.length) {
    throw refusal(setting, settings, 'a different name for each listener');
  }
  if (advertised.some(({ host }) => isWildcard(host))) {
    throw refusal(setting, settings, `addresses that clients can reach, not 0.0.0.0 or [::]`);
  }
  const interBroker = settings['inter.broker.listener.name'];
  const reached = advertised.length > 0 ? advertised.map(({ name }) => name) : names;
  if (interBroker !== undefined && !reached.includes(upperCase(interBroker))) {
    const allowed = `the name of an advertised listener: ${reached.join(', ')}`;
    throw refusal('inter.broker.listener.name', settings, allowed);
  }
}

function notices(found: {
  settings: Settings;
  own: OwnAddress;
  listed: readonly Endpoint[];
  advertised: readonly Endpoint[];
  wanted: readonly Endpoint[];
  controllers: ReadonlySet<string>;
}): string[] {
  const { own, listed, advertised, wanted, controllers } = found;
  const source = settingVariable(sourceOf(found.settings));
  const said: string[] = [];
  const skipped = listed.filter(({ name }) => controllers.has(name)).map(({ name }) => name);
  if (skipped.length > 0) {
    said.push(
      `listeners for controllers are not listened on, one node needs none: ${skipped.join(', ')}`,
    );
  }
  if (own.explicitPort !== undefined && !wanted.some(({ port }) => port === own.explicitPort)) {
    said.push(`PENSTOCK_KAFKA_PORT=${own.explicitPort} has no effect beside ${source}`);
  }
  if (own.advertisedHost !== undefined && advertised.length > 0) {
    said.push('PENSTOCK_ADVERTISED_HOST has no effect beside KAFKA_ADVERTISED_LISTENERS');
  }
  const untold = wanted.filter(({ name }) => !advertised.some((each) => each.name === name));
  if (advertised.length > 0 && untold.length > 0) {
    const names = untold.map(({ name }) => name).join(', ');
    said.push(
      `KAFKA_ADVERTISED_LISTENERS says nothing of ${names}: clients are told where it listens`,
    );
  }
  return said;
}

function refusal(setting: string, settings: Settings, allowed: string): ConfigError {
  return new ConfigError(settingVariable(setting), settings[setting] ?? '', allowed);
}

function upperCase(text: string): string {
  return text.trim().toUpperCase();
}
