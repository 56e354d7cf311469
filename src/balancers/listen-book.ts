/**
 * Which address each group's frontend has: as given, or the next free port from a base on, remembered on disk so that
 * a group keeps its port for good.
 */
import { createServer } from 'node:net';
import { z } from 'zod';
import { Address, type GroupId } from '../../schemas/ids.ts';
import { assert, Failure } from '../std/failure.ts';
import { hostPort } from '../std/host-port.ts';
import { readJson, writeJson } from '../std/json-file.ts';

const Book = z.record(z.string(), Address);

export interface ListenBookOptions {
  readonly path: string;
  /** Addresses an operator chose; they win over what is remembered. */
  readonly given: Readonly<Record<string, Address>>;
  /** Where all other frontends listen. */
  readonly host: string;
  /** First port to try; 0: the OS chooses. */
  readonly basePort: number;
}

/** Ports tried upwards before giving up: more than the groups one machine fronts. */
const attemptsMax = 1_024;

export class ListenBook {
  readonly #options: ListenBookOptions;
  /** By group; never a plain object, in which a group called `constructor` would be found unasked. */
  #book: ReadonlyMap<string, Address> = new Map();
  readonly #given: ReadonlyMap<string, Address>;
  /** The claim or release under way. */
  #claiming: Promise<unknown> = Promise.resolve();

  constructor(options: ListenBookOptions) {
    this.#options = options;
    this.#given = new Map(Object.entries(options.given));
  }

  async open(): Promise<void> {
    const remembered = (await readJson(this.#options.path, Book)) ?? {};
    this.#book = new Map([...Object.entries(remembered), ...this.#given]);
  }

  /** The group's address, chosen and remembered now if it is new. Throws `unavailable` when no port is free. */
  claim(group: GroupId): Promise<Address> {
    // One after the other: two groups that come at once must not choose the same port.
    const claim = () => this.#claim(group);
    const claimed = this.#claiming.then(claim, claim);
    this.#claiming = claimed;
    return claimed;
  }

  /** Forgets the group's address, unless an operator chose it. */
  release(group: GroupId): Promise<void> {
    const release = async () => {
      if (!this.#book.has(group) || this.#given.has(group)) return;
      await this.#remember([...this.#book].filter(([each]) => each !== group));
    };
    const released = this.#claiming.then(release, release);
    this.#claiming = released;
    return released;
  }

  async #claim(group: GroupId): Promise<Address> {
    const known = this.#book.get(group);
    if (known !== undefined) return known;
    const address = await this.#choose();
    await this.#remember([...this.#book, [group, address]]);
    return address;
  }

  async #remember(book: [group: string, address: Address][]): Promise<void> {
    this.#book = new Map(book);
    await writeJson(this.#options.path, Object.fromEntries(book));
  }

  async #choose(): Promise<Address> {
    const { host, basePort } = this.#options;
    const taken = new Set([...this.#book.values()].map(({ port }) => port));
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const wanted = basePort === 0 ? 0 : basePort + attempt;
      if (wanted > 65_535 || taken.has(wanted)) continue;
      const port = await portBindable({ host, port: wanted });
      if (port !== undefined && !taken.has(port)) return { host, port };
    }
    const message = `no free port for a frontend on ${host} from ${basePort} on`;
    throw new Failure({ code: 'unavailable', retryable: true, message });
  }
}

/** Throws `unavailable` where somebody listens there: programs that share ports would share the requests too. */
export async function requireFree(group: GroupId, listen: Address): Promise<void> {
  if ((await portBindable(listen)) !== undefined) return;
  const what = `${hostPort(listen)}, where requests of group ${group} are to be taken, is another program's already`;
  const message = `${what}: end that one (ss -ltnp 'sport = :${listen.port}'), or give the group another: --frontend ${group}=HOST:PORT`;
  throw new Failure({ code: 'unavailable', retryable: true, message });
}

/** The port that could be bound just now (the OS's choice for 0), undefined when it is taken. */
export function portBindable({ host, port }: { host: string; port: number }): Promise<number | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(undefined));
    probe.listen({ host: host === '*' ? '0.0.0.0' : host, port, exclusive: true }, () => {
      const address = probe.address();
      assert(address !== null && typeof address === 'object', 'a TCP server has an address');
      probe.close(() => resolve(address.port));
    });
  });
}
