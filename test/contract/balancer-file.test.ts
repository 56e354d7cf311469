import { createFileRig } from '../support/file-rig.ts';
import { balancerContract } from './balancer.contract.ts';

balancerContract('file', createFileRig, { runsProgram: false, countsInFlight: false, resolvesHosts: false });
