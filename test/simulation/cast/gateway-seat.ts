/** A gateway's machine: the production agent with a driver that is played. */
import type { Address, Labels, ServerId } from '../../../schemas/ids.ts';
import { type Agent, startAgentOn } from '../../../src/agent/agent.ts';
import { textOf } from '../../../src/std/failure.ts';
import type { SimProcess } from '../world/process.ts';
import { fleet, type Stage } from '../world/stage.ts';
import { PlayedDriver } from './played-driver.ts';
import { Seat } from './seat.ts';

export class GatewaySeat extends Seat {
  readonly server: ServerId;
  readonly address: Address;
  driver: PlayedDriver | undefined;
  #agent: Agent | undefined;

  constructor({ server, port }: { readonly server: ServerId; readonly port: number }, stage: Stage) {
    super(server, stage);
    this.server = server;
    this.address = { host: '10.0.0.1', port };
  }

  /** SIGTERM: it has itself drained, ends, and is started again. */
  stop(): void {
    const { process } = this;
    const agent = this.#agent;
    if (process === undefined || agent === undefined) return;
    process.enter(() => {
      void agent.stop().then(() => this.ended(process, 'has stopped'));
    });
  }

  protected live(process: SimProcess): void {
    const driver = new PlayedDriver(process, this.address);
    this.driver = driver;
    const { clock, logger, chance } = process;
    const started = startAgentOn(this.disk.agentDiskFor(process), {
      server: this.server,
      fleet,
      labels: {} as Labels,
      connect: (signal) => this.openBus(process, `srv_${this.server}`, signal),
      driver,
      clock,
      random: chance.next,
      logger,
      drainTimeoutMs: 3_000,
    });
    started.then(
      (agent) => {
        if (this.process === process) this.#agent = agent;
      },
      (error: unknown) => this.stage.story.fail(`${process.name} did not start: ${textOf(error)}`),
    );
  }

  protected override died(): void {
    this.driver = undefined;
    this.#agent = undefined;
  }
}
