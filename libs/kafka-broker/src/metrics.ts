/** Running totals of one broker process. */
export class BrokerMetrics {
  connections = 0;
  connectionsTotal = 0;
  requestsTotal = 0;
  recordBatchesInTotal = 0;
  bytesInTotal = 0;
  bytesOutTotal = 0;
  refusedBatchesTotal = 0;
  parkedFetches = 0;
}
