import { createNginxRig } from '../support/nginx-rig.ts';
import { balancerContract } from './balancer.contract.ts';

// Paced as little as a test needs; the pace itself is tested with nginx under load.
balancerContract('nginx', () => createNginxRig({ reloadEveryMs: 50 }));
