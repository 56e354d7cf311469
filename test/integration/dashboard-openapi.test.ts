/**
 * The API driven by its own document, as a stranger's program would: requests it takes, and requests it must refuse.
 * Whatever is sent, the answer is one the document names, of the shape it gives, and never a 500.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { FleetId } from '../../schemas/ids.ts';
import { apiDocument } from '../../services/dashboard/routes.ts';
import { newFleet, startCoordinator, type TestCoordinator } from '../support/coordinators.ts';
import { type DashboardRig, startReadyDashboard } from '../support/dashboard-rig.ts';
import { eventually } from '../support/eventually.ts';
import { fromSchema, type JsonSchema } from '../support/from-json-schema.ts';
import { tarOf } from '../support/hand-built-tar.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';
import { scriptedFleet } from '../support/scripted-fleet.ts';

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly schema: JsonSchema;
}
interface Operation {
  readonly method: string;
  readonly path: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: JsonSchema }> };
  readonly responses: Record<string, { readonly content?: Record<string, { readonly schema: object }> }>;
}
interface Request {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: string | Uint8Array | undefined;
}

const document = (await apiDocument()) as {
  paths: Record<string, Record<string, Omit<Operation, 'method' | 'path'>>>;
  components: { schemas: Record<string, object> };
};
const operations: Operation[] = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path })),
);
const named = operations.map((operation) => [`${operation.method} ${operation.path}`, operation] as const);

/** What is there, by the parameter or field that asks for it. */
const known = {
  group: ['Production', 'development', 'Edge'],
  server: ['web1', 'web2', 'web3'],
  servers: ['web1', 'web2'],
  add: ['web1', 'web2', 'web3'],
  remove: ['web1', 'web2', 'web3'],
  by: ['web3'],
  id: ['web1', 'production', '3'],
  ids: ['web1,web2', 'web3'],
  project: ['hello'],
  version: ['1.0.0'],
  at: ['3', '15m', '2026-03-01T12:00:00Z'],
  from: ['1', '2', '15m'],
  to: ['5', '1s'],
  since: ['1h'],
  until: ['1s'],
  type: ['server.joined,server.left'],
};

const tarType = 'application/x-tar';
/** Of each operation; the export alone costs more than a moment. */
const goodRuns = 25;
const badRuns = 40;

let nats: NatsServer;
let fleet: FleetId;
let coordinator: TestCoordinator;
let api: DashboardRig;

beforeAll(async () => {
  nats = await startNats();
  fleet = newFleet();
  coordinator = await startCoordinator({ url: nats.url, fleet });
  api = await startReadyDashboard({ natsUrl: nats.url, fleet, requestsPerMinute: 1_000_000 });
  await eventually(async () => (await api.get('/v1/fleet')).status === 200, { what: 'a fleet to show' });
  const scripted = scriptedFleet(coordinator.bus, fleet);
  for (const [index, name] of ['web1', 'web2', 'web3'].entries()) await scripted.register(name, 10_001 + index);
  const digest = 'ab'.repeat(32);
  await api.command('project.publish', { project: 'hello', version: '1.0.0', digest, bytes: 10 });
});
afterAll(async () => {
  await api.stop();
  await coordinator.stop();
  await nats.stop();
});

function good({ path, parameters = [], requestBody }: Operation): fc.Arbitrary<Request> {
  const value = ({ name, schema }: Parameter) => fromSchema(schema, { known }, name).map(String);
  const optional = (parameter: Parameter) => (parameter.required ? value(parameter) : fc.option(value(parameter)));
  const schema = requestBody?.content['application/json']?.schema;
  const isTar = requestBody?.content[tarType] !== undefined;
  return fc
    .record({
      values: fc.tuple(...parameters.map(optional)),
      body: schema === undefined ? fc.constant(undefined) : fromSchema(schema, { known }),
      note: fc.string(),
    })
    .map(({ values, body, note }) => {
      const given = parameters.flatMap((parameter, index) => {
        const text = values[index];
        return text === null || text === undefined ? [] : [{ ...parameter, text }];
      });
      const json = requestOf(path, given, body === undefined ? undefined : JSON.stringify(body));
      if (!isTar) return json;
      const entries = [
        { name: 'project.yaml', content: 'name: hello\nroutes: []\n' },
        { name: './note.txt', content: note },
      ];
      return { ...json, headers: { 'content-type': tarType, ...json.headers }, body: tarOf(entries) };
    });
}

interface Given {
  readonly name: string;
  readonly in: Parameter['in'];
  readonly text: string;
}

function requestOf(path: string, given: readonly Given[], body: string | undefined): Request {
  const of = (where: Parameter['in']) => given.filter((each) => each.in === where);
  const filled = of('path').reduce((so, { name, text }) => so.replace(`{${name}}`, encodeURIComponent(text)), path);
  const query = new URLSearchParams(of('query').map(({ name, text }): [string, string] => [name, text]));
  const headers = Object.fromEntries(of('header').map(({ name, text }) => [name, text]));
  return {
    path: `${filled}${query.size === 0 ? '' : `?${query}`}`,
    headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
    body,
  };
}

/** Anything at all, in the places where something is taken. */
function bad({ path, parameters = [], requestBody }: Operation): fc.Arbitrary<Request> {
  const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 80 }), fc.constantFrom(...hostile));
  const strange = fc.oneof(fc.jsonValue(), fc.constantFrom(...hostileBodies));
  const asText = fc.oneof(
    strange.map((value) => JSON.stringify(value)),
    fc.string({ maxLength: 200 }),
    fc.constant(''),
  );
  const fields = fc.dictionary(
    fc.constantFrom('group', 'server', 'policy', 'servers', '__proto__', 'id', 'reason'),
    fc.jsonValue(),
  );
  const body =
    requestBody === undefined
      ? fc.constant(undefined)
      : fc.oneof(
          asText,
          fields.map((value) => JSON.stringify(value)),
        );
  return fc
    .record({
      values: fc.tuple(...parameters.map(({ required }) => (required ? text : fc.option(text)))),
      extra: fc.option(fc.tuple(fc.string({ maxLength: 20 }), text)),
      type: fc.constantFrom(
        'application/json',
        'application/json',
        'text/plain',
        'application/x-www-form-urlencoded',
        tarType,
        'x',
      ),
      body,
    })
    .map(({ values, extra, type, body: sent }) => {
      const given = parameters.flatMap((parameter, index): Given[] => {
        const value = values[index];
        if (value === null || value === undefined) return [];
        const isHeader = parameter.in === 'header';
        return [{ ...parameter, text: isHeader ? value.replaceAll(/[^\x20-\x7e]/g, '') : value || '-' }];
      });
      const more: Given[] = extra === null ? [] : [{ name: extra[0], in: 'query', text: extra[1] }];
      const request = requestOf(path, [...given, ...more], sent);
      return sent === undefined ? request : { ...request, headers: { ...request.headers, 'content-type': type } };
    });
}

const hostile = [
  '..',
  '../../etc/passwd',
  '%00',
  '\0',
  '__proto__',
  'constructor',
  '*',
  '>',
  'a.b.c',
  '-1',
  '1e99',
  "';--",
];
const hostileBodies: fc.JsonValue[] = [
  [[[[[[[[[[[[]]]]]]]]]]]],
  { group: 'x'.repeat(5_000) },
  { group: { $ne: null } },
  { server: 'web1', group: 'Production', constructor: { prototype: {} } },
  { issuedAt: -1, reason: '\0' },
];

/** The zod schemas of what the document says of each answer, made from the document alone. */
const answerSchemas = new Map<string, z.ZodType>();
function answerSchema({ method, path, responses }: Operation, status: number, type: string): z.ZodType | undefined {
  const content = Object.entries(responses[status]?.content ?? {}).find(([each]) => type.startsWith(each))?.[1];
  if (content === undefined || !type.includes('json')) return undefined;
  const key = `${method} ${path} ${status}`;
  const made =
    answerSchemas.get(key) ??
    z.fromJSONSchema({ ...inlined(content.schema), $schema: 'https://json-schema.org/draft/2020-12/schema' } as never);
  answerSchemas.set(key, made);
  return made;
}

/** With its references in their place: none refers to itself. */
function inlined(schema: object): object {
  return JSON.parse(JSON.stringify(schema), (_key, value: unknown) => {
    const reference = (value as { $ref?: string } | null)?.$ref;
    if (typeof reference !== 'string') return value;
    return inlined(document.components.schemas[reference.replace('#/components/schemas/', '')] ?? {});
  }) as object;
}

/** One of JSON; one a line where it is told by lines. */
function valuesIn(type: string, text: string): unknown[] {
  if (!type.includes('json')) return [];
  if (!type.includes('ndjson')) return [JSON.parse(text)];
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
}

async function send(operation: Operation, { path, headers, body }: Request) {
  const response = await fetch(`${api.url}${path}`, {
    method: operation.method,
    headers,
    ...(body === undefined ? {} : { body }),
    redirect: 'manual',
  });
  const type = response.headers.get('content-type') ?? '';
  return { status: response.status, type, text: await response.text() };
}

async function check(operation: Operation, request: Request, answered: { status: number; type: string; text: string }) {
  const { status, type, text } = answered;
  const about = `${operation.method} ${request.path} ${String(request.body ?? '').slice(0, 2_000)} -> ${status} ${text.slice(0, 400)}`;
  expect(status, about).toBeLessThan(500);
  expect(Object.keys(operation.responses), about).toContain(String(status));
  if (status >= 400) expect(type, about).toContain('application/problem+json');
  const schema = answerSchema(operation, status, type);
  if (type.includes('json')) expect(schema, about).toBeDefined();
  for (const value of valuesIn(type, text)) {
    const parsed = schema?.safeParse(value);
    if (parsed?.success === false) expect.fail(`${about}: ${z.prettifyError(parsed.error)}`);
  }
}

describe('the API, by its own document,', () => {
  it.each(named)('answers whatever it takes: %s', async (_name, operation) => {
    const runs = operation.path === '/v1/export' ? 3 : goodRuns;
    await fc.assert(
      fc.asyncProperty(good(operation), async (request) => {
        await check(operation, request, await send(operation, request));
      }),
      { numRuns: runs, endOnFailure: true },
    );
  });

  it.each(named)('refuses what it does not, in its own words: %s', async (_name, operation) => {
    const runs = operation.path === '/v1/export' ? 3 : badRuns;
    await fc.assert(
      fc.asyncProperty(bad(operation), async (request) => {
        const answered = await send(operation, request);
        // A strange path may be another route, or none: then it is refused all the same.
        const isElsewhere = answered.status === 404 && answered.text.includes('unknown-route');
        if (!isElsewhere) await check(operation, request, answered);
        expect(answered.status).toBeLessThan(500);
      }),
      { numRuns: runs, endOnFailure: true },
    );
  });

  it('still works after all that', async () => {
    expect(await api.get('/readyz')).toMatchObject({ status: 200 });
    expect((await api.get('/v1/fleet')).body.item.fleet).toBe(fleet);
    expect((await api.get('/metrics')).body).not.toMatch(/status="500"/);
  });
});
