/** Keeps the rooms apart, and proves that each wall bites by climbing it. */
import { describe, expect, it } from 'vitest';
import { sourcesOf } from './sources.ts';
import { offences } from './walls.ts';

describe('the walls between rooms', () => {
  it('stand: no file imports what its room must not know', () => {
    expect(sourcesOf('schemas', 'src', 'services').flatMap(offences)).toEqual([]);
  });

  it.each([
    ['schemas/x.ts', "import { y } from 'nats';"],
    ['schemas/x.ts', "import { createHash } from 'node:crypto';"],
    ['schemas/x.ts', "import { never } from '../src/std/failure.ts';"],
    ['src/domain/x.ts', "import { readFileSync } from 'node:fs';"],
    ['src/domain/x.ts', "import type { Bus } from '../nats/bus.ts';"],
    ['src/domain/x.ts', "export * from '../coordinator/x.ts';"],
    ['src/domain/x.ts', "import { setup } from 'xstate';"],
    ['src/domain/x.ts', 'const at = Date.now();'],
    ['src/domain/x.ts', 'const at = new Date();'],
    ['src/domain/x.ts', 'const chance = Math.random();'],
    ['src/domain/x.ts', "const home = process.env['HOME'];"],
    ['src/domain/x.ts', 'setTimeout(run, 5);'],
    ['src/domain/x.ts', 'export async function decide() {}'],
    ['src/projections/x.ts', "const nats = await import('nats');"],
    ['src/rollout/x.ts', "import pino from 'pino';"],
    ['src/server-machine/x.ts', "import { performance } from 'node:perf_hooks';"],
    ['src/balancers/haproxy/x.ts', "import { poolOf } from '../../projections/pool.ts';"],
    ['src/balancers/haproxy/x.ts', "import type { Bus } from '../../nats/bus.ts';"],
    ['src/client/x.ts', "import { decide } from '../domain/decide.ts';"],
    ['src/agent/x.ts', "import { x } from '../coordinator/x.ts';"],
    ['src/audit/x.ts', "import { x } from '../coordinator/x.ts';"],
    ['src/eventlog/x.ts', "import { connect } from 'nats';"],
    ['src/coordinator/x.ts', "import { encode } from '@msgpack/msgpack';"],
    ['services/gateway/x.ts', "import { run } from '../coordinator/run.ts';"],
    ['services/balancer/x.ts', "import { up } from '../cli/commands/up.ts';"],
    ['services/dashboard/x.ts', "import { eventText } from '../cli/event-text.ts';"],
    ['services/dashboard/web/x.tsx', "import { readFileSync } from 'node:fs';"],
    ['services/dashboard/web/x.tsx', "import { evolve } from '../../../src/domain/evolve.ts';"],
    ['src/follower/x.ts', "import { createMuster } from '../client/muster.ts';"],
    ['src/elsewhere/x.ts', ''],
  ])('bite in %s: %s', (path, text) => {
    expect(offences({ path, text })).not.toEqual([]);
  });

  it.each([
    ['schemas/x.ts', "import { z } from 'zod';"],
    ['src/domain/x.ts', "import type { Event } from '../../schemas/events.ts';"],
    ['src/domain/x.ts', '/** Never Date.now() here, never async. */'],
    ['src/domain/x.ts', 'const askedAt = event.Date.now;'],
    ['src/server-machine/x.ts', "import { setup } from 'xstate';"],
    ['src/nats/x.ts', "import { connect } from 'nats';"],
    ['src/wire/x.ts', "import { decode } from '@msgpack/msgpack';"],
    ['services/cli/x.ts', "import { runCoordinator } from '../coordinator/run.ts';"],
  ])('let through in %s: %s', (path, text) => {
    expect(offences({ path, text })).toEqual([]);
  });
});
