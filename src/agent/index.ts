/** The agent SDK as gateway nodes see it: the package's entry point `muster/agent`. */
export { type Agent, type AgentOptions, startAgent } from './agent.ts';
export type { AppliedProject, Driver, ProjectProblem, Serving } from './driver.ts';
export { BuiltinDriver, type BuiltinDriverOptions } from './drivers/builtin/driver.ts';
export { ExecDriver, type ExecDriverOptions } from './drivers/exec/driver.ts';
