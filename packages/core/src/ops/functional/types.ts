/**
 * The types that calls of nn.functional are written with.
 */
export type { AvgPoolOptions, MeanWindows } from "./avgPool.ts";
export type { ConvOptions, OptionalBias } from "./conv.ts";
export type { ConvolutionOptions } from "./convolution.ts";
export type { MaxPooled, MaxPoolOptions } from "./maxPool.ts";
export type { PerDim } from "./spatial.ts";
export type { DividingWindows, MovingWindows, PoolOptions, WindowOptions } from "./windows.ts";
