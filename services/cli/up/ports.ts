/** Ports that stay the same from start to start: the usual one, or a free one that is remembered. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';

const Remembered = z.record(z.string(), z.int().min(1).max(65_535));

export class Ports {
  readonly #file: string;
  readonly #portByName: Record<string, number>;
  /** Given out in this run: nobody else may have them though nothing listens there yet. */
  readonly #given = new Set<number>();

  constructor(root: string) {
    this.#file = join(root, 'ports.json');
    this.#portByName = read(this.#file);
  }

  /** The remembered port, else the usual one, else one the system gives; whichever is free first. */
  async claim(name: string, usual?: number): Promise<number> {
    const wanted = [this.#portByName[name], usual].filter((port) => port !== undefined);
    let port: number | undefined;
    for (const candidate of wanted) {
      if (!this.#given.has(candidate) && !this.#isSomebodyElses(name, candidate) && (await isFree(candidate))) {
        port = candidate;
        break;
      }
    }
    port ??= await freePort();
    this.#given.add(port);
    this.#portByName[name] = port;
    writeFileSync(this.#file, `${JSON.stringify(this.#portByName, undefined, 2)}\n`);
    return port;
  }

  #isSomebodyElses(name: string, port: number): boolean {
    return Object.entries(this.#portByName).some(([other, taken]) => other !== name && taken === port);
  }
}

function read(file: string): Record<string, number> {
  try {
    return Remembered.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    // The first start here, or a file somebody spoilt: ports are found anew.
    return {};
  }
}

function isFree(port: number): Promise<boolean> {
  return listen(port).then(
    () => true,
    () => false,
  );
}

function freePort(): Promise<number> {
  return listen(0);
}

function listen(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : port));
    });
  });
}
