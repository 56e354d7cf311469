/** Recovers a fleet's log as the command line does, with shorter waits. */
import { join } from 'node:path';
import type { FleetId } from '../../schemas/ids.ts';
import { Principal } from '../../schemas/ids.ts';
import { subjects } from '../../schemas/subjects.ts';
import { recover, type RecoverOptions, type Recovered } from '../../src/coordinator/recovery.ts';
import { type LookOptions, lookAtLog, type RecoveryView } from '../../src/coordinator/recovery-view.ts';
import { defaultTiming } from '../../src/coordinator/timing.ts';
import { openHighMark } from '../../src/eventlog/high-mark.ts';
import { jetstreamLog } from '../../src/eventlog/jetstream-log.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { streamNames } from '../../src/nats/stream-definitions.ts';
import { systemClock } from '../../src/std/clock.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';

export interface Machine {
  readonly bus: Bus;
  readonly fleet: FleetId;
  /** Of the coordinator whose high mark is asked, and set anew. */
  readonly dataDirectory: string;
}

async function lookOptions({ bus, fleet, dataDirectory }: Machine): Promise<LookOptions> {
  const names = streamNames(fleet);
  return {
    bus,
    fleet,
    names,
    log: jetstreamLog({ bus, stream: names.log, subject: subjects.log(fleet), clock: systemClock }),
    highMark: await openHighMark(join(dataDirectory, `${fleet}.high-mark.json`)),
    clock: systemClock,
    logger: silentLogger,
    listenMs: 50,
    timeoutMs: 5_000,
  };
}

export async function look(machine: Machine): Promise<RecoveryView> {
  return lookAtLog(await lookOptions(machine));
}

export async function recoverLog(
  machine: Machine,
  { at, commands }: Pick<RecoverOptions, 'at' | 'commands'>,
): Promise<Recovered> {
  const by = Principal.parse('alice');
  return recover({ ...(await lookOptions(machine)), at, commands, by, instance: 'recovery', timing: defaultTiming(1) });
}
