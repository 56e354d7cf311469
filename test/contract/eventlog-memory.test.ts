import { MemoryLog } from '../../src/eventlog/memory-log.ts';
import { logContract } from './eventlog.contract.ts';

logContract({ name: 'in memory', open: async () => new MemoryLog() });
