/** Running totals of one broker process, and the connections it has now. */
export interface BrokerMetrics {
  connections: number;
  connectionsTotal: number;
  /** Closed at once: a limit on connections was reached. */
  connectionsRefusedTotal: number;
  requestsTotal: number;
  recordBatchesInTotal: number;
  /** Record batches as stored. */
  bytesInTotal: number;
  /** Everything that was sent. */
  bytesOutTotal: number;
  refusedBatchesTotal: number;
  /** Connections closed because their bytes were no request. */
  malformedRequestsTotal: number;
}

export function newBrokerMetrics(): BrokerMetrics {
  return {
    connections: 0,
    connectionsTotal: 0,
    connectionsRefusedTotal: 0,
    requestsTotal: 0,
    recordBatchesInTotal: 0,
    bytesInTotal: 0,
    bytesOutTotal: 0,
    refusedBatchesTotal: 0,
    malformedRequestsTotal: 0,
  };
}
