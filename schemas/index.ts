/** The contract as services see it: the package's entry point `muster/schemas`. */
export * from './bundle.ts';
export * from './commands.ts';
export * from './directive.ts';
export * from './events.ts';
export * from './group-status.ts';
export * from './ids.ts';
export * from './outcome.ts';
export * from './policy.ts';
export * from './pool.ts';
export * from './proof.ts';
export * from './receipt.ts';
export * from './record.ts';
export * from './rejection.ts';
export * from './subjects.ts';
export * from './coordinators.ts';
export * from './views.ts';
