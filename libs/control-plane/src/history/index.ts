export {
  HISTORY_POINTS_MAX,
  HISTORY_SERIES_MAX,
  type HistoryColumns,
  HistoryService,
  type SeriesKey,
  type SeriesValue,
} from './history.service.ts';
export { type SeriesKind, type SeriesMetric } from './history-tiers.ts';
