import { z } from '../src/index.ts';

/**
 * The events of Nexmark, a benchmark for queries over streams ("NEXMark – A Benchmark for Queries
 * over Data Streams", Tucker et al.): an auction house whose people open auctions and bid.
 * Times are ms since epoch.
 */
export const Person = z.object({
  id: z.number(),
  name: z.string(),
  emailAddress: z.string(),
  creditCard: z.string(),
  city: z.string(),
  state: z.string(),
  dateTime: z.number(),
});
export type Person = z.infer<typeof Person>;

export const Auction = z.object({
  id: z.number(),
  itemName: z.string(),
  description: z.string(),
  initialBid: z.number(),
  reserve: z.number(),
  dateTime: z.number(),
  /** Bids from this moment on do not count. */
  expires: z.number(),
  seller: z.number(),
  category: z.number(),
});
export type Auction = z.infer<typeof Auction>;

export const Bid = z.object({
  auction: z.number(),
  bidder: z.number(),
  /** Cents. */
  price: z.number(),
  channel: z.string(),
  dateTime: z.number(),
});
export type Bid = z.infer<typeof Bid>;

export interface Events {
  readonly persons: readonly Person[];
  readonly auctions: readonly Auction[];
  readonly bids: readonly Bid[];
}

/** Of 50 events one is a person, three are auctions, and the rest are bids. */
const PROPORTION = 50;
const AUCTIONS = 3;
const FIRST_ID = 1_000;
const FIRST_CATEGORY = 10;
const CATEGORIES = 5;
const EVENT_EVERY_MS = 100;
/** One bid in so many goes to the auction that is hot at the moment. */
const HOT_RATIO = 2;
const STATES = ['AZ', 'CA', 'ID', 'OR', 'WA', 'WY'];
const CITIES = ['Phoenix', 'Los Angeles', 'Boise', 'Portland', 'Kent', 'Cheyenne'];
const CHANNELS = ['Apple', 'Google', 'Facebook', 'Baidu'];

interface Choices {
  below(limit: number): number;
}

/** The first `count` events, in the order in which they happen; some at the same time. */
export function makeEvents(random: Choices, count: number, start: number): Events {
  const events = { persons: [] as Person[], auctions: [] as Auction[], bids: [] as Bid[] };
  for (let number = 0; number < count; number++) {
    const dateTime = start + Math.floor(number / 2) * 2 * EVENT_EVERY_MS;
    const place = number % PROPORTION;
    if (place === 0) {
      events.persons.push(makePerson(random, FIRST_ID + events.persons.length, dateTime));
    } else if (place <= AUCTIONS) {
      const seller = FIRST_ID + random.below(events.persons.length);
      events.auctions.push(
        makeAuction(random, FIRST_ID + events.auctions.length, seller, dateTime),
      );
    } else {
      events.bids.push(makeBid(random, events, dateTime));
    }
  }
  return events;
}

function makePerson(random: Choices, id: number, dateTime: number): Person {
  const place = random.below(STATES.length);
  return {
    id,
    name: `person ${id}`,
    emailAddress: `person${id}@example.org`,
    creditCard: String(1_000_000_000_000 + random.below(1_000_000)),
    city: CITIES[place] as string,
    state: STATES[place] as string,
    dateTime,
  };
}

function makeAuction(random: Choices, id: number, seller: number, dateTime: number): Auction {
  const initialBid = 100 + random.below(10_000);
  return {
    id,
    itemName: `item ${id}`,
    description: `what ${seller} has to sell`,
    initialBid,
    reserve: initialBid + random.below(5_000),
    dateTime,
    expires: dateTime + (1 + random.below(100)) * 2 * EVENT_EVERY_MS,
    seller,
    category: FIRST_CATEGORY + random.below(CATEGORIES),
  };
}

function makeBid(random: Choices, { persons, auctions }: Events, dateTime: number): Bid {
  const hot = Math.floor(auctions.length / 4) * 4;
  const place =
    random.below(HOT_RATIO) === 0 && hot < auctions.length
      ? hot
      : Math.max(0, auctions.length - 1 - random.below(12));
  return {
    auction: FIRST_ID + place,
    bidder: FIRST_ID + random.below(persons.length),
    price: 100 + random.below(200) * 100,
    channel: CHANNELS[random.below(CHANNELS.length)] as string,
    dateTime,
  };
}
