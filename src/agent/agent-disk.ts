/** What an agent keeps through everything: as ports, so that a simulation can give it a disk of its own. */
import { type BundleShelf, BundleStore } from './bundle-store.ts';
import { type HeldOnDisk, HoldingsFile } from './holdings.ts';

export interface AgentDisk {
  readonly holdings: HeldOnDisk;
  readonly bundles: BundleShelf;
}

/** One agent a directory. Throws `io`, and `config-invalid` where a file there is not ours. */
export async function openAgentDisk(directory: string): Promise<AgentDisk> {
  const holdings = await HoldingsFile.open(directory);
  const bundles = new BundleStore(directory);
  await bundles.prepare();
  return { holdings, bundles };
}
