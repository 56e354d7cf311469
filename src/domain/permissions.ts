/** Who may ask what. The principal comes from the subject, where NATS permissions enforce it. */
import type { Command } from '../../schemas/commands.ts';
import type { Principal, ServerId } from '../../schemas/ids.ts';
import { type Refused, refuse } from './ruling.ts';

/** The leader's own name: it proposes, it never asks. */
export const systemPrincipal = 'system' as Principal;

const serverPrefix = 'srv_';
const balancerPrefix = 'bal_';

/** Why this principal may not ask this; undefined when it may. */
export function refuseForbidden(principal: Principal, command: Command): Refused | undefined {
  if (principal === systemPrincipal) {
    return forbidden('"system" is the coordinator itself and asks for nothing: ask under a name of your own');
  }
  if (principal.startsWith(serverPrefix)) {
    if (serverSpokenOf(command) === principal.slice(serverPrefix.length)) return undefined;
    return forbidden(`${principal} may register, configure, drain and leave as that very server, and nothing else`);
  }
  if (principal.startsWith(balancerPrefix)) {
    if (balancerSpokenOf(command) === principal.slice(balancerPrefix.length)) return undefined;
    return forbidden(`${principal} may register and retire as that very balancer, and nothing else`);
  }
  return undefined;
}

function serverSpokenOf({ type, payload }: Command): string | undefined {
  switch (type) {
    case 'server.register':
    case 'server.configure':
    case 'server.drain':
    case 'server.leave':
      return payload.server;
    default:
      return undefined;
  }
}

/** True when this principal is that very server. */
export function isServerItself(principal: Principal, server: ServerId): boolean {
  return principal === `${serverPrefix}${server}`;
}

function balancerSpokenOf({ type, payload }: Command): string | undefined {
  return type === 'balancer.register' || type === 'balancer.retire' ? payload.balancer : undefined;
}

function forbidden(message: string): Refused {
  return refuse({ code: 'forbidden', message });
}
