/**
 * Data loading, the training loop, metrics and plots.
 *
 * @module
 */
export type { ModelCheckpointOptions } from "./callbacks/checkpoint.ts";
export { ModelCheckpoint } from "./callbacks/checkpoint.ts";
export type { EarlyStoppingOptions, EarlyStoppingState } from "./callbacks/early-stopping.ts";
export { EarlyStopping } from "./callbacks/early-stopping.ts";
export type { MonitorOptions } from "./callbacks/monitor.ts";
export type { AnySchedule, ScheduleStepOptions } from "./callbacks/schedule.ts";
export { ScheduleStep } from "./callbacks/schedule.ts";
export type { GradientFlow, GradientWatchOptions } from "./callbacks/watch.ts";
export { CsvLog, GradientWatch, StopOnNaN } from "./callbacks/watch.ts";
export type { Collated } from "./data/collate.ts";
export { collate } from "./data/collate.ts";
export type { ColumnType, CsvOptions } from "./data/csv.ts";
export { CsvError, readCsv, readCsvFile, Table } from "./data/csv.ts";
export type { Dataset, TensorDatasetOptions } from "./data/dataset.ts";
export { MappedDataset, Subset, TensorDataset } from "./data/dataset.ts";
export type { Label, Labels } from "./data/labels.ts";
export { LabelEncoder } from "./data/labels.ts";
export type {
  DataLoaderOptions,
  LoaderStateDict,
  SampleSource,
  SampleStream,
} from "./data/loader.ts";
export { DataLoader } from "./data/loader.ts";
export type { MinMaxScalerOptions, ScalerStateDict } from "./data/scalers.ts";
export { MinMaxScaler, StandardScaler } from "./data/scalers.ts";
export type { FoldOptions, Part, Split, SplitOptions, Splittable } from "./data/split.ts";
export { kFold, trainTestSplit } from "./data/split.ts";
export type {
  AnyOptimizer,
  BatchRecord,
  Callback,
  EpochTotals,
  Run,
  RunStateDict,
} from "./loop/callback.ts";
export type { CheckpointOptions, ResumedFrom } from "./loop/checkpointing.ts";
export type { EvaluateOptions, PredictOptions } from "./loop/evaluate.ts";
export { evaluate, predict } from "./loop/evaluate.ts";
export type { Ending, FitOptions, FitResult } from "./loop/fit.ts";
export { fit } from "./loop/fit.ts";
export type { EpochRecord, History } from "./loop/history.ts";
export { historyToCsv } from "./loop/history.ts";
export type { Loss, ObjectiveOptions, Step, StepResult } from "./loop/objective.ts";
export type { StopSignal } from "./loop/pause.ts";
export type { ProgressOption, TextSink } from "./loop/progress.ts";
export { ProgressBar, ProgressLines } from "./loop/progress.ts";
export type { BatchOf, BatchSource, FitData } from "./loop/source.ts";
export type { ThresholdOptions } from "./metrics/classes.ts";
export type { Average, AverageOptions, TopKOptions } from "./metrics/classification.ts";
export {
  accuracy,
  auc,
  confusionMatrix,
  f1,
  precision,
  recall,
  topKAccuracy,
  zeroOneLoss,
} from "./metrics/classification.ts";
export type {
  Metric,
  MetricDefinition,
  MetricFunction,
  MetricState,
  Metrics,
} from "./metrics/metric.ts";
export { defineMetric } from "./metrics/metric.ts";
export { mae, mse, r2, rmse } from "./metrics/regression.ts";
export type {
  ConfusionPlotOptions,
  DecisionPlotOptions,
  EmbeddingPlotOptions,
} from "./plots/classes.ts";
export { plotConfusion, plotDecision, plotEmbedding } from "./plots/classes.ts";
export type { HistoryPlotOptions, LinePoints, LinesPlotOptions } from "./plots/curves.ts";
export { plotHistory, plotLines } from "./plots/curves.ts";
export type { ImagePlotOptions } from "./plots/images.ts";
export { plotImages } from "./plots/images.ts";
export { Plot } from "./plots/plot.ts";
export type { SurfacePlotOptions } from "./plots/surface.ts";
export { plotSurface } from "./plots/surface.ts";
