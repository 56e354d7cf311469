/** The balancer of each kind, from one set of options. */
import { z } from 'zod';
import type { Address } from '../../schemas/ids.ts';
import type { Balancer } from '../../src/balancers/balancer.ts';
import { EnvoyBalancer } from '../../src/balancers/envoy/envoy-balancer.ts';
import { FileBalancer } from '../../src/balancers/file/file-balancer.ts';
import { HaproxyBalancer } from '../../src/balancers/haproxy/haproxy-balancer.ts';
import { NginxBalancer } from '../../src/balancers/nginx/nginx-balancer.ts';
import type { Clock } from '../../src/std/clock.ts';
import { never } from '../../src/std/failure.ts';

export const BalancerKind = z.enum(['haproxy', 'nginx', 'envoy', 'file']);
export type BalancerKind = z.infer<typeof BalancerKind>;

/** How Envoy finds its configuration. */
export const Xds = z.enum(['files', 'rest']);
export type Xds = z.infer<typeof Xds>;

export interface DriverOptions {
  readonly kind: BalancerKind;
  readonly dataDirectory: string;
  readonly listen: Readonly<Record<string, Address>>;
  readonly host: string;
  readonly basePort: number;
  readonly startProcess: boolean;
  readonly xds: Xds;
  readonly clock: Clock;
  readonly program?: string | undefined;
  readonly command?: string | undefined;
  readonly commandTimeoutMs: number;
}

export function createDriver(options: DriverOptions): Balancer {
  const { kind, dataDirectory, listen, host, basePort, startProcess, clock, program, command } = options;
  const binary = program === undefined ? {} : { binary: program };
  const running = { dataDirectory, listen, host, basePort, startProcess, clock, ...binary };
  switch (kind) {
    case 'haproxy':
      return new HaproxyBalancer(running);
    case 'nginx':
      return new NginxBalancer(running);
    case 'envoy':
      return new EnvoyBalancer({ ...running, xds: options.xds });
    case 'file': {
      const { commandTimeoutMs } = options;
      return new FileBalancer({
        dataDirectory,
        listen,
        clock,
        commandTimeoutMs,
        ...(command === undefined ? {} : { command }),
      });
    }
    default:
      return never(kind);
  }
}
