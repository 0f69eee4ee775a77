import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostAndPort } from './addresses.ts';
import { deepFreeze, type Config } from './config.ts';

/**
 * Ports of the embedded broker that no setting gives: the broker writes them into the data folder
 * once it listens, and takes the same ones when it starts again.
 */
export interface BrokerPorts {
  /** On loopback, for api and worker: the addresses advertised to clients do not affect it. */
  readonly internal: number;
  /** By the listener's name. */
  readonly listeners: Readonly<Record<string, number>>;
}

/** Address of the listener for api and worker. */
export const INTERNAL_HOST = '127.0.0.1';

/** The ports that the broker of this data folder wrote last; undefined before its first start. */
export function readBrokerPorts(dataDir: string): BrokerPorts | undefined {
  try {
    const ports = JSON.parse(readFileSync(fileIn(dataDir), 'utf8')) as unknown;
    return areBrokerPorts(ports) ? ports : undefined;
  } catch {
    // The file is missing or damaged: the broker writes it anew at its next start.
    return undefined;
  }
}

export function writeBrokerPorts(dataDir: string, ports: BrokerPorts): void {
  const file = fileIn(dataDir);
  writeFileSync(`${file}.new`, JSON.stringify(ports));
  renameSync(`${file}.new`, file);
}

/** The configuration of a process that works with the broker, with the ports that it listens on. */
export function withBrokerPorts(config: Config): Config {
  const { kafka, dataDir } = config;
  const ports = kafka.external ? undefined : readBrokerPorts(dataDir);
  if (ports === undefined) return config;
  const publicServers = kafka.listeners.map(({ name, advertisedHost, advertisedPort, port }) =>
    hostAndPort(advertisedHost, advertisedPort ?? (port || (ports.listeners[name] ?? 0))),
  );
  const bootstrapServers = [hostAndPort(INTERNAL_HOST, ports.internal)];
  const found = { kafka: { ...kafka, bootstrapServers, publicServers } };
  return deepFreeze<Config>(Object.assign({}, config, found));
}

function fileIn(dataDir: string): string {
  return join(dataDir, 'broker-ports.json');
}

function areBrokerPorts(value: unknown): value is BrokerPorts {
  if (typeof value !== 'object' || value === null) return false;
  const { internal, listeners } = value as Partial<Record<keyof BrokerPorts, unknown>>;
  if (!isPort(internal) || typeof listeners !== 'object' || listeners === null) return false;
  return Object.values(listeners).every(isPort);
}

function isPort(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) <= 65_535;
}
