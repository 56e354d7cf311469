/**
 * The files of a project folder that came as a tar, as `tar -C FOLDER -c .` writes it: for whoever has no folder here.
 * The same rules as for a folder, and nothing of it touches the disk: names are only ever compared.
 */
import { extract, type Header } from 'tar-stream';
import { bundleFilesMax, manifestPath } from '../../schemas/bundle.ts';
import { bundleBytesMax } from '../../schemas/commands.ts';
import { Failure } from '../std/failure.ts';
import { type FoundFile, versionControl } from './folder.ts';
import { invalid, quoted } from './invalid.ts';

/** Each file has a header and is filled up to a block; folders are entries too. */
export const folderTarBytesMax = bundleBytesMax + 2 * bundleFilesMax * 1_536;
export const tarTooLargeText = `the tar has more than ${folderTarBytesMax} bytes: send only what is the project's (tar --exclude ${versionControl})`;
/** Files and folders. */
const entriesMax = 2 * bundleFilesMax;

type Entry = AsyncIterable<unknown> & { readonly header: Header; resume(): void };

/** Throws `bundle-invalid` on links, devices, too much of anything and a broken tar; whatever `chunks` throws. */
export async function filesOfTar(
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ files: FoundFile[]; leftOut: string[] }> {
  const files: FoundFile[] = [];
  const leftOut = new Set<string>();
  let bytes = 0;
  let entries = 0;
  const tar = extract();
  const fed = feed(tar, chunks);
  try {
    for await (const entry of tar as AsyncIterable<Entry>) {
      const { type, size, linkname } = entry.header;
      const path = pathOf(entry.header);
      const versioned = versionControlOf(path);
      if (versioned !== undefined) {
        leftOut.add(versioned);
        entry.resume();
        continue;
      }
      entries += 1;
      if (entries > entriesMax) throw invalid(`the tar has more than ${entriesMax} entries`);
      if (type !== 'directory' && (type !== 'file' || linkname)) {
        throw invalid(`${quoted(path)} is a ${type}: a bundle holds regular files only`);
      }
      if (path === manifestPath) throw invalid(`${manifestPath} is written by packing and may not stand in the folder`);
      bytes += size ?? 0;
      if (bytes > bundleBytesMax) throw invalid(`the tar holds more than ${bundleBytesMax} bytes, at ${quoted(path)}`);
      const content: Uint8Array[] = [];
      for await (const chunk of entry) content.push(chunk as Uint8Array);
      if (type === 'file') files.push({ path, bytes: Buffer.concat(content) });
      if (files.length > bundleFilesMax) throw invalid(`the tar holds more than ${bundleFilesMax} files`);
    }
  } catch (error) {
    tar.destroy(error as Error);
    await fed;
    throw asInvalid(error);
  }
  await fed;
  return { files, leftOut: [...leftOut] };
}

/** The version control's own that a path leads into, if it does: what stands in it is bounded by the tar's own size. */
function versionControlOf(path: string): string | undefined {
  const names = path.split('/');
  const at = names.indexOf(versionControl);
  return at === -1 ? undefined : names.slice(0, at + 1).join('/');
}

/** As it will stand in the bundle: `./a/b` is `a/b`, and a folder's last `/` is nobody's name. */
function pathOf({ name }: Header): string {
  return name
    .replace(/^(\.\/+)+/, '')
    .replace(/\/+$/, '')
    .normalize('NFC');
}

/** Resolves when everything was handed over, or the tar is done for: then its reader says why. */
async function feed(tar: ReturnType<typeof extract>, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  let bytes = 0;
  try {
    for await (const chunk of chunks) {
      bytes += chunk.byteLength;
      if (bytes > folderTarBytesMax) throw invalid(tarTooLargeText);
      if (tar.destroyed) return;
      if (!tar.write(chunk)) await takesMore(tar);
    }
    tar.end(Buffer.alloc(0));
  } catch (error) {
    tar.destroy(error as Error);
  }
}

function takesMore(tar: ReturnType<typeof extract>): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      tar.off('drain', done);
      tar.off('close', done);
      resolve();
    };
    tar.on('drain', done);
    tar.on('close', done);
    if (tar.destroyed) done();
  });
}

/** What the library complains of is the tar's fault; what the source of the bytes says stays what it is. */
function asInvalid(error: unknown): unknown {
  const isOurs = error instanceof Failure || !(error instanceof Error) || 'code' in error;
  return isOurs ? error : invalid('this is no well-formed tar', error);
}
