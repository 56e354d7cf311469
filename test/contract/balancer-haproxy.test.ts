import { createHaproxyRig } from '../support/haproxy-rig.ts';
import { balancerContract } from './balancer.contract.ts';

balancerContract('haproxy', createHaproxyRig);
