/** The API's document is what stands in the repository, names every command, and can be read by others' tools. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { commandTypes } from '../../../schemas/commands.ts';
import { type Json, textOfDocument } from '../../../schemas/documents.ts';
import { apiDocument } from '../../../services/dashboard/routes.ts';
import { root } from '../house/sources.ts';

const document = (await apiDocument()) as {
  openapi: string;
  paths: Record<string, Record<string, { summary?: string; responses: object }>>;
  components: { schemas: Record<string, object> };
};

/** What stands on the command line, by the route that asks for the same; null: there is nothing to ask a fleet for. */
const routeByCommand: Readonly<Record<string, string | null>> = {
  up: null,
  setup: null,
  'gateway run': null,
  'dashboard run': null,
  'dashboard token': null,
  'balancer run': null,
  'coordinator run': null,
  'nats accounts': null,
  // Where no log is whole enough to be led: they work on the streams and on files of the coordinator's machine.
  'coordinator recover': null,
  'coordinator resize': null,
  'coordinator list': 'get /v1/coordinators',
  'coordinator get': 'get /v1/coordinator',
  'group list': 'get /v1/groups',
  'group get': 'get /v1/groups/{group}',
  'server list': 'get /v1/servers',
  'server get': 'get /v1/servers/{server}',
  'project list': 'get /v1/projects',
  'project publish': 'post /v1/projects/{project}/versions/{version}',
  'deployment list': 'get /v1/deployments',
  deploy: 'post /v1/commands/deployment/request',
  release: 'post /v1/commands/release/request',
  undeploy: 'post /v1/commands/deployment/withdraw',
  'rollout list': 'get /v1/rollouts',
  'rollout status': 'get /v1/rollouts/{rollout}',
  'rollback deployment': 'post /v1/commands/deployment/rollback',
  'rollback group': 'post /v1/groups/{group}/rollback',
  plan: 'post /v1/plan',
  apply: 'post /v1/apply',
  'pool get': 'get /v1/pools/{group}',
  'balancer list': 'get /v1/balancers',
  log: 'get /v1/events',
  diff: 'get /v1/diff',
  'why server': 'get /v1/why/server/{id}',
  'why group': 'get /v1/why/group/{id}',
  'why deployment': 'get /v1/why/deployment/{project}/{group}',
  'why position': 'get /v1/why/position/{id}',
  replay: 'get /v1/replay',
  'audit verify': 'post /v1/verify',
  'audit export': 'get /v1/export',
  'audit key': 'get /v1/key',
};

/** Every command there is, with its nouns before it; those that only hold others left out. */
async function commandsOfTheCommandLine(): Promise<string[]> {
  const program = new Command();
  const folder = join(root, 'services', 'cli', 'commands');
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts') && name !== 'coordinator-mending.ts')) {
    const module = (await import(join(folder, file))) as Record<string, (to: Command) => void>;
    for (const [name, add] of Object.entries(module)) {
      if (/^add(?!DeployOptions)/.test(name)) add(program);
    }
  }
  const leaves = (command: Command, path: string): string[] =>
    command.commands.length === 0 ? [path] : command.commands.flatMap((each) => leaves(each, `${path} ${each.name()}`));
  return program.commands.flatMap((command) => leaves(command, command.name()));
}

describe('the OpenAPI document', () => {
  it('is the one in services/dashboard/openapi.json (npm run schemas)', () => {
    const stored = readFileSync(join(root, 'services', 'dashboard', 'openapi.json'), 'utf8');
    expect(textOfDocument(document as unknown as Json)).toBe(stored);
  });

  it('is OpenAPI 3.1, with a summary and a refusal for everything', () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, { summary, responses }] of Object.entries(methods)) {
        expect(summary, `${method} ${path}`).toBeTypeOf('string');
        if (path.startsWith('/v1/')) expect(Object.keys(responses), `${method} ${path}`).toContain('400');
      }
    }
  });

  it('has a route for every command', () => {
    const wanted = commandTypes.map((type) => `/v1/commands/${type.replace('.', '/')}`);
    expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(wanted));
  });

  it('has a route for everything on the command line that asks a fleet for something', async () => {
    const commands = await commandsOfTheCommandLine();
    expect(commands.length).toBeGreaterThan(50);
    const without = commands.filter((name) => {
      const [noun = '', verb = ''] = name.split(' ');
      const route = routeByCommand[name] === undefined ? `post /v1/commands/${noun}/${verb}` : routeByCommand[name];
      if (route === null) return false;
      const [method = '', path = ''] = route.split(' ');
      return document.paths[path]?.[method] === undefined;
    });
    expect(without).toEqual([]);
    expect(Object.keys(routeByCommand).filter((name) => !commands.includes(name))).toEqual([]);
  });

  it('refers to nothing that is not in it', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)];
    expect(references.length).toBeGreaterThan(20);
    for (const [, name = ''] of references) expect(document.components.schemas).toHaveProperty(name);
  });
});
