import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Event } from '../../../schemas/events.ts';
import { judgeHistory, samplesFolder } from '../../../services/cli/up/seed.ts';

const hour = 3_600_000;
let position = 0;
function happened(type: string, principal: string, commandId?: string): Event {
  position += 1;
  const command = commandId === undefined ? {} : { command: { id: commandId, hash: 'h' } };
  return { position, version: 1, at: 1_000, principal, type, data: {}, ...command } as unknown as Event;
}
function history(...rest: [string, string, string?][]): Event[] {
  position = 0;
  return [happened('fleet.created', 'system'), ...rest.map((each) => happened(...each))];
}
const own: [string, string, string?][] = [
  ['coordinator.elected', 'system'],
  ['server.registered', 'srv_apigateway'],
  ['balancer.registered', 'bal_haproxy'],
];

describe('whether a run brings the samples in', () => {
  it('does in a fleet nobody has touched', () => {
    expect(judgeHistory(history(...own), 2_000)).toEqual({ status: 'needed', createdAt: 1_000 });
  });

  it('goes on with a seeding that was cut short, with the same bodies', () => {
    const cut = history(...own, ['project.published', 'up', 'seed-publish-hello']);
    expect(judgeHistory(cut, 2_000)).toEqual({ status: 'needed', createdAt: 1_000 });
  });

  it('does not once it was done, whatever was removed since', () => {
    const done = history(...own, ['server.joined', 'up', 'seed-join-apigateway1'], ['server.leaving', 'alice']);
    expect(judgeHistory(done, 2_000)).toEqual({ status: 'done-before' });
  });

  it('does not in a fleet an operator has touched, were it only by a refused command', () => {
    expect(judgeHistory(history(...own, ['group.created', 'alice']), 2_000).status).toBe('not-ours');
    expect(judgeHistory(history(...own, ['command.rejected', 'alice']), 2_000).status).toBe('not-ours');
  });

  it('does not when the beginning is not to be seen, or long ago', () => {
    expect(judgeHistory([], 2_000).status).toBe('not-ours');
    expect(judgeHistory(history(...own).slice(1), 2_000).status).toBe('not-ours');
    expect(judgeHistory(history(...own), 13 * hour).status).toBe('not-ours');
  });
});

describe('the samples', () => {
  it('are found beside the sources', () => {
    expect(existsSync(join(samplesFolder(), 'hello'))).toBe(true);
  });
});
