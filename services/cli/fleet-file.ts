/** Reads a fleet file and packs the folders it names, so that a plan knows what publishing them would mean. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { FleetFile } from '../../schemas/fleet-file.ts';
import type { Digest, ProjectId } from '../../schemas/ids.ts';
import { packFolder } from '../../src/bundles/pack.ts';
import type { DeclaredFleet } from '../../src/changes/plan-token.ts';
import type { PackedProject } from '../../src/fleet-file/plan.ts';
import { Failure } from '../../src/std/failure.ts';

/** Fails with `config-invalid` where the file cannot be read or is no fleet file: names the place. */
export async function readFleetFile(path: string): Promise<DeclaredFleet> {
  const parsed = FleetFile.safeParse(await readYaml(path));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalid(`${path}: ${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'not of the right form'}`);
  }
  const file = inFolderOf(path, parsed.data);
  const packedByProject = new Map<ProjectId, PackedProject>();
  for (const [name, { folder }] of Object.entries(file.projects ?? {})) {
    const { project, digest, bytes } = await packFolder(folder);
    if (project.name !== name) throw invalid(`${path}: projects.${name}: ${folder} holds project ${project.name}`);
    packedByProject.set(name as ProjectId, { digest: digest as Digest, bytes: bytes.length });
  }
  return { file, packedByProject };
}

async function readYaml(path: string): Promise<unknown> {
  try {
    return parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw Failure.from(error, { code: 'config-invalid', retryable: false, message: `could not read ${path}` });
  }
}

/** Folders are written from where the file lies. */
function inFolderOf(path: string, file: FleetFile): FleetFile {
  if (file.projects === undefined) return file;
  const projects = Object.entries(file.projects).map(([name, { version, folder }]) => [
    name,
    { version, folder: resolve(dirname(path), folder) },
  ]);
  return { ...file, projects: Object.fromEntries(projects) };
}

function invalid(message: string): Failure {
  return new Failure({ code: 'config-invalid', retryable: false, message });
}
