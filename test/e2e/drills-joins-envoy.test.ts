import { drillJoins } from '../support/drill-joins.ts';

drillJoins('envoy');
