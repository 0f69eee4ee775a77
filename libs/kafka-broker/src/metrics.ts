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
  /** Transactions that made groups and committed offsets durable, and the changes in them. */
  groupCommitsTotal: number;
  groupChangesTotal: number;
  /** Transactions that failed: whoever waited for them was told so. */
  groupCommitErrorsTotal: number;
  /** Time in these transactions, milliseconds; the longest since somebody set it back to 0. */
  groupCommitMsTotal: number;
  groupCommitMsMax: number;
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
    groupCommitsTotal: 0,
    groupChangesTotal: 0,
    groupCommitErrorsTotal: 0,
    groupCommitMsTotal: 0,
    groupCommitMsMax: 0,
  };
}
