import { beforeEach, describe, expect, it } from 'vitest';
import type { GroupId, ServerId } from '../../schemas/ids.ts';
import { Addresses } from '../../src/balancers/addresses.ts';
import type { DesiredPool, PoolServer } from '../../src/balancers/balancer.ts';
import { systemClock as clock } from '../../src/std/clock.ts';

const group = 'production' as GroupId;
/** What the resolver knows now. */
let known: Map<string, string>;
let addresses: Addresses;

beforeEach(() => {
  known = new Map([['web1.test', '10.0.0.1']]);
  const find = (host: string) => {
    const address = known.get(host);
    return address === undefined ? Promise.reject(new Error('not found')) : Promise.resolve(address);
  };
  addresses = new Addresses({ clock, find });
});

function pool(hosts: Readonly<Record<string, string>>, admin: PoolServer['admin'] = 'ready'): DesiredPool {
  const servers = Object.entries(hosts).map(([server, host]) => {
    return { server: server as ServerId, address: { host, port: 80 }, weight: 1, admin };
  });
  return { group, servers };
}

const hostsOf = ({ servers }: DesiredPool) => servers.map(({ address }) => address.host);

describe('the name of a server', () => {
  it('that is not found any more stands for what it stood for, so that the server can drain', async () => {
    await addresses.resolve(pool({ web1: 'web1.test' }));
    known.clear();
    const draining = await addresses.resolve(pool({ web1: 'web1.test' }, 'drain'));
    expect([hostsOf(draining), draining.servers[0]?.admin]).toEqual([['10.0.0.1'], 'drain']);
  });

  it('that stands for something else is followed', async () => {
    await addresses.resolve(pool({ web1: 'web1.test' }));
    known.set('web1.test', '10.0.0.2');
    expect(hostsOf(await addresses.resolve(pool({ web1: 'web1.test' })))).toEqual(['10.0.0.2']);
  });

  it('that was never found, or is another one, or left the pool meanwhile, is told', async () => {
    const told = { code: 'unavailable', message: expect.stringContaining('web') };
    await addresses.resolve(pool({ web1: 'web1.test' }));
    await expect(addresses.resolve(pool({ web1: 'web9.test' }))).rejects.toMatchObject(told);
    await expect(addresses.resolve(pool({ web2: 'web2.test' }))).rejects.toMatchObject(told);
    await addresses.resolve(pool({}));
    known.clear();
    await expect(addresses.resolve(pool({ web1: 'web1.test' }))).rejects.toMatchObject(told);
  });

  it('is none where it is an address, however that is written', async () => {
    const found = await addresses.resolve(pool({ a: '127.0.0.1', b: '2001:DB8:0:0::0001' }));
    expect(hostsOf(found)).toEqual(['127.0.0.1', '2001:db8::1']);
  });
});
