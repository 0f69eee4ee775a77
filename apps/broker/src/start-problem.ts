import type { BrokerConfigError } from '@penstock/kafka-broker';
import { ConfigError, settingVariable } from '@penstock/platform/process';

/** Errors of broker.db whose message says what to do; they come from the thread without a class. */
const SAID_WHOLE = new Set(['MigrationError', 'DatabaseProblem']);

/**
 * One line that says why the broker cannot start and what to do; undefined for what is not the
 * fault of its surroundings.
 */
export function startProblem(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof ConfigError || SAID_WHOLE.has(error.name)) return error.message;
  if (isBrokerConfigError(error)) {
    return `${settingVariable(error.setting)} cannot be used: ${error.message}`;
  }
  if (error.name === 'DataFolderLockedError') {
    return `${error.message}. Stop that process, or set PENSTOCK_DATA_DIR to another folder.`;
  }
  if (error.name === 'MetadataLostError') {
    return `broker.db does not fit the records beside it: ${error.message}. Nothing was changed. ${WAYS_OUT}`;
  }
  if (error.name === 'DatabaseDamagedError') {
    return `${error.message}. Nothing was changed. ${WAYS_OUT}`;
  }
  const { code, path, port, address } = error as SocketError;
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} is in use on ${address}. Stop what listens there, or set PENSTOCK_KAFKA_PORT.`;
    case 'EADDRNOTAVAIL':
      return `${address} is no address of this machine. Set PENSTOCK_BIND to one that is.`;
    case 'EACCES':
    case 'EROFS':
    case 'EPERM':
      return path === undefined
        ? `Port ${port} may not be used by this user. Set PENSTOCK_KAFKA_PORT to one above 1023.`
        : `${path} cannot be written. Set PENSTOCK_DATA_DIR to a folder that can.`;
    default:
      return undefined;
  }
}

type SocketError = NodeJS.ErrnoException & { port?: number; address?: string };

/** By its name: the class would have all of the broker loaded before its metadata is asked for. */
function isBrokerConfigError(error: Error): error is BrokerConfigError {
  return error.name === ('BrokerConfigError' satisfies BrokerConfigError['name']);
}

const WAYS_OUT =
  'Put back a copy of broker.db, or have it rebuilt from the records: npm start -- recover';
