/**
 * What nn.functional adds to functions and methods of tensors.
 */
export { avgPool, avgPool1d, avgPool2d, avgPool3d, avgPoolInput } from "./avgPool.ts";
export { conv1d, conv2d, conv3d } from "./conv.ts";
export { convolution, convolutionInput, convolutionWeight } from "./convolution.ts";
export { linear } from "./linear.ts";
export {
  maxPool,
  maxPool1d,
  maxPool1dWithIndices,
  maxPool2d,
  maxPool2dWithIndices,
  maxPool3d,
  maxPool3dWithIndices,
  maxPoolIndices,
  planePick,
  planePut,
} from "./maxPool.ts";
