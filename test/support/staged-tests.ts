/** The set-up of files whose tests each want a fleet of their own: one NATS server a file, one stage a test. */
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { Bus } from '../../src/nats/bus.ts';
import { openBus } from './nats-bus.ts';
import { type NatsServer, startNats } from './nats-server.ts';
import { openStage, type ScriptedStage } from './scripted-stage.ts';

export interface Staged {
  readonly nats: NatsServer;
  /** The present test's. */
  readonly stage: ScriptedStage;
}

/** Call it once, at the top of a file, before its own hooks. */
export function stagedTests(): Staged {
  const given = {} as { nats: NatsServer; bus: Bus; stage: ScriptedStage };
  beforeAll(async () => {
    given.nats = await startNats();
    given.bus = await openBus(given.nats.url, 'alice');
  });
  beforeEach(async () => {
    given.stage = await openStage({ url: given.nats.url, bus: given.bus });
  });
  afterEach(() => given.stage?.stop());
  afterAll(async () => {
    await given.bus?.close();
    await given.nats?.stop();
  });
  return given;
}
