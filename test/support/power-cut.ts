/**
 * Disks that lose what was not synced, as in a power cut: an ext4 in a file, mounted, and shut down by the kernel
 * without its journal being written (`FS_IOC_SHUTDOWN`). Needs root and loop devices.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface LoopDisk {
  readonly path: string;
  /** From now on every write fails; what was not synced is gone. */
  cut(): void;
  /** Power is back: the journal is replayed. Whoever held files open must be gone. */
  bringBack(): void;
  remove(): void;
}

/** Sparse: only what is written takes room. */
const sizeBytes = 256 * 1024 * 1024;
/** `_IOR('X', 125, u32)`, and the flag that leaves the journal unwritten; from linux/fs.h. Perl is in every Debian. */
const shutdown = 'open(F, "<", $ARGV[0]) or die $!; my $f = pack("L", 2); ioctl(F, 0x8004587D, $f) or die $!';

export function createLoopDisk(): LoopDisk {
  const folder = mkdtempSync(join(tmpdir(), 'muster-disk-'));
  const image = join(folder, 'image');
  const path = join(folder, 'mounted');
  writeFileSync(image, '');
  truncateSync(image, sizeBytes);
  mkdirSync(path);
  const mount = () => execFileSync('mount', ['-o', 'loop', image, path], { stdio: 'pipe' });
  execFileSync('mkfs.ext4', ['-q', image], { stdio: 'pipe' });
  mount();
  return {
    path,
    cut: () => void execFileSync('perl', ['-e', shutdown, path], { stdio: 'pipe' }),
    bringBack() {
      execFileSync('umount', [path], { stdio: 'pipe' });
      mount();
    },
    remove() {
      spawnSync('umount', ['-l', path]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Why this machine cannot; undefined when it can. */
export function powerCutMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root may mount';
  try {
    const disk = createLoopDisk();
    disk.cut();
    disk.remove();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
