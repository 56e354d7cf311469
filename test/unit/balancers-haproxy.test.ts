import { describe, expect, it } from 'vitest';
import type { GroupId, ServerId } from '../../schemas/ids.ts';
import { commandsFor, removalsFor } from '../../src/balancers/haproxy/apply.ts';
import { renderConfig } from '../../src/balancers/haproxy/config-file.ts';
import { parseProcesses, type RuntimeServer } from '../../src/balancers/haproxy/observe.ts';
import { linesOf } from '../../src/balancers/haproxy/runtime-socket.ts';

const s1 = 's1' as ServerId;
const address = { host: '127.0.0.1', port: 9001 };
const wanted = { server: s1, address, weight: 10, admin: 'ready' } as const;
const held: RuntimeServer = { ...wanted, healthy: true, checked: true, unchangedForSeconds: 1 };
const backend = 'group_a';

describe('HAProxy commands', () => {
  it('are none when nothing differs', () => {
    expect(commandsFor({ backend, observed: [held], desired: [wanted] })).toEqual([]);
  });

  it('say only what differs', () => {
    const desired = [{ ...wanted, weight: 20 }];
    expect(commandsFor({ backend, observed: [held], desired })).toEqual(['set server group_a/s1 weight 20']);
  });

  it('let a server that drained take requests at once when it is back before it was gone', () => {
    const observed = [{ ...held, admin: 'drain' as const, healthy: false }];
    expect(commandsFor({ backend, observed, desired: [wanted] })).toEqual([
      'set server group_a/s1 health up',
      'set server group_a/s1 state ready',
    ]);
  });

  it('bring servers in before others go out', () => {
    const s2 = { ...wanted, server: 's2' as ServerId };
    const commands = commandsFor({ backend, observed: [held], desired: [s2] });
    expect(commands.at(0)).toMatch(/^add server group_a\/s2 127\.0\.0\.1:9001 weight 10 check /);
    expect(commands.at(-1)).toBe('set server group_a/s1 state maint');
  });

  it('cut sessions only of a server that left long ago', () => {
    const left = (unchangedForSeconds: number) =>
      removalsFor(
        { backend, observed: [{ ...held, admin: 'maintenance', unchangedForSeconds }], desired: [] },
        new Map([['s1', 2]]),
      );
    expect(left(10)).toEqual([]);
    expect(left(301)).toEqual(['shutdown sessions server group_a/s1']);
  });

  it('fit into lines of a bounded length, in order', () => {
    expect(linesOf(['aa', 'bb', 'cc'], 5)).toEqual(['aa;bb', 'cc']);
  });
});

describe('the HAProxy file', () => {
  const render = (port: number, weight: number) =>
    renderConfig({
      adminSocketPath: '/run/admin.sock',
      groups: [{ pool: { group: 'a' as GroupId, servers: [{ ...wanted, weight }] }, listen: { host: '::1', port } }],
    });

  it('has another structure when a frontend differs, not when a server does', () => {
    expect(render(80, 1).structure).toBe(render(80, 2).structure);
    expect(render(80, 1).structure).not.toBe(render(81, 1).structure);
  });

  it('writes an IPv6 address in brackets', () => {
    expect(render(80, 1).text).toContain('bind [::1]:80');
  });
});

describe("the master's list of processes", () => {
  it('tells the worker from those a reload replaced', () => {
    const text =
      '#<PID> <type>\n7 master 1 [failed: 0] 0d 2.6\n# workers\n9 worker 0 0d 2.6\n# old workers\n8 worker 1 0d 2.6\n';
    expect(parseProcesses(text)).toEqual({ master: 7, failedReloads: 0, worker: 9, leaving: [8] });
  });
});
