/** Brings bundles in: uploads by digest, once, and publishes a project folder as a version. */
import { bundleBytesMax } from '../../schemas/commands.ts';
import type { Digest, FleetId, ProjectId, ProjectVersion } from '../../schemas/ids.ts';
import { type PackedBundle, packFolder } from '../bundles/pack.ts';
import type { Bus } from '../nats/bus.ts';
import { streamNames } from '../nats/stream-definitions.ts';
import { Failure } from '../std/failure.ts';
import type { CommandSender, SendOptions, SendOutcome } from './command-sender.ts';

interface Store {
  readonly bus: Bus;
  readonly fleet: FleetId;
}

/** Stores the bytes under their digest unless they are there already, and says which. */
export async function uploadBundle(
  { bus, fleet }: Store,
  digest: Digest,
  bytes: Uint8Array,
): Promise<'stored' | 'present'> {
  if (bytes.length > bundleBytesMax) {
    const message = `the bundle has ${bytes.length} bytes, at most ${bundleBytesMax} are taken`;
    throw new Failure({ code: 'bundle-invalid', retryable: false, message });
  }
  return bus.objects(streamNames(fleet).bundles).put(digest, bytes);
}

export interface Published {
  readonly project: ProjectId;
  readonly version: ProjectVersion;
  readonly digest: Digest;
  readonly bytes: number;
  readonly upload: 'stored' | 'present';
  readonly outcome: SendOutcome;
}

/** Packs a folder with `project.yaml`, uploads it and publishes it. The same folder has the same digest each time. */
export async function publishFolder(
  store: Store,
  {
    sender,
    folder,
    version,
    options,
  }: { sender: Pick<CommandSender, 'send'>; folder: string; version: string; options: SendOptions },
): Promise<Published> {
  return publishPacked(store, { sender, packed: await packFolder(folder), version, options });
}

/** Uploads what is packed already, and publishes it. */
export async function publishPacked(
  store: Store,
  {
    sender,
    packed,
    version,
    options,
  }: { sender: Pick<CommandSender, 'send'>; packed: PackedBundle; version: string; options: SendOptions },
): Promise<Published> {
  const project = packed.project.name;
  const digest = packed.digest as Digest;
  const upload = await uploadBundle(store, digest, packed.bytes);
  const asked = { project, version: version as ProjectVersion, digest, bytes: packed.bytes.length };
  return { ...asked, upload, outcome: await sender.send('project.publish', asked, options) };
}
