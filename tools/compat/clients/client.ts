import type { Driver } from '../driver.ts';
import type { Trait } from './trait.ts';

/** A client that was made ready: a row of the table. */
export interface Client {
  /** Short, as it is given on the command line. */
  name: string;
  /** What the row says, with the version. */
  title: string;
  lacks?: readonly Trait[];
  start(servers: string): Driver;
  /** Another client, for what this one has no calls for but its checks need, such as a topic. */
  helper?: (servers: string) => Driver;
}

/** A client by its name, and how it is had on this machine. */
export interface ClientSource {
  name: string;
  title: string;
  /**
   * Makes it ready, from the cache where it can; a text says in one line why that is not possible.
   */
  prepare(cacheFolder: string): Promise<Client | string>;
}
