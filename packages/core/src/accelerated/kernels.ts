/**
 * The functions of the modules that packages/core/kernels assembles; they are described there. Addresses and steps are
 * in bytes.
 */
export interface Kernels {
  packRows(...args: PackArguments): void;
  packColumns(...args: PackArguments): void;
  multiply(
    c: number,
    cStep: number,
    a: number,
    b: number,
    m: number,
    n: number,
    k: number,
    isFirst: number,
    spare: number,
  ): void;
  multiplyRows(
    c: number,
    cStep: number,
    a: number,
    aStep: number,
    b: number,
    bPanel: number,
    m: number,
    n: number,
    k: number,
    isFirst: number,
    spare: number,
  ): void;
  matvecRows(...args: MatvecArguments): void;
  matvecColumns(...args: MatvecArguments): void;
  attendRows(
    weights: number,
    step: number,
    rows: number,
    used: number,
    length: number,
    causal: number,
    mask: number,
    maskStep: number,
    kind: number,
    scale: number,
  ): void;
  attendSlopes(
    target: number,
    step: number,
    weights: number,
    weightStep: number,
    rows: number,
    used: number,
    scale: number,
  ): void;
  gatherColumns(
    target: number,
    image: number,
    lines: number,
    along: number,
    lineCount: number,
    alongCount: number,
  ): void;
  scatter(
    image: number,
    products: number,
    offsets: number,
    corners: number,
    offsetCount: number,
    cornerCount: number,
    width: number,
    step: number,
  ): void;
  padRows(image: number, source: number, ...rows: RowArguments): void;
  unpadRows(target: number, image: number, ...rows: RowArguments): void;
  fillRows(target: number, values: number, rows: number, count: number): void;
  sumParts(target: number, source: number, parts: number, step: number, count: number): void;
  windowSums(
    target: number,
    image: number,
    weights: number,
    ...windows: [...WindowArguments, bias: number]
  ): void;
  windowSpread(image: number, source: number, weights: number, ...windows: WindowArguments): void;
  windowSpreadWide(
    image: number,
    source: number,
    weights: number,
    ...windows: WindowArguments
  ): void;
  windowDots(
    target: number,
    source: number,
    image: number,
    ...windows: [...WindowArguments, isAdded: number]
  ): void;
  clear(address: number, bytes: number): void;
  fill(address: number, count: number, value: number): void;
  copyRows(...args: CopyArguments): void;
  copyAny(
    target: number,
    source: number,
    outer: number,
    rows: number,
    length: number,
    toOuter: number,
    toRow: number,
    toStep: number,
    fromOuter: number,
    fromRow: number,
    fromStep: number,
  ): void;
  repeatNumbers(...args: CopyArguments): void;
  transpose(...args: CopyArguments): void;
  maxPool(target: number, places: number, source: number, planes: number, table: number): void;
  putPlanes(
    target: number,
    source: number,
    places: number,
    planes: number,
    size: number,
    count: number,
    room: number,
  ): void;
  meanPool(target: number, source: number, planes: number, table: number, room: number): void;
  spreadPool(target: number, source: number, planes: number, table: number, room: number): void;
  pickRows(
    target: number,
    source: number,
    places: number,
    count: number,
    unit: number,
    length: number,
  ): void;
  addUpRows(
    table: number,
    source: number,
    order: number,
    ends: number,
    factors: number,
    rows: number,
    length: number,
  ): void;
  addRowsAt(
    table: number,
    source: number,
    order: number,
    ends: number,
    places: number,
    rows: number,
    length: number,
  ): void;
  drawWords(
    target: number,
    blocks: number,
    low: number,
    high: number,
    key0: number,
    key1: number,
  ): void;
  toUniform(target: number, words: number, count: number): void;
  toNormal(target: number, words: number, count: number): void;
  toMask(target: number, words: number, count: number, limit: number): void;
  toDropout(
    target: number,
    mask: number,
    source: number,
    words: number,
    count: number,
    limit: number,
    scale: number,
  ): void;
  lstm(
    hidden: number,
    next: number,
    act: number,
    gates: number,
    bias: number,
    cell: number,
    rows: number,
    width: number,
  ): void;
  lstmGradient(
    gatesBar: number,
    cellBar: number,
    act: number,
    cell: number,
    next: number,
    hiddenBar: number,
    nextBar: number,
    rows: number,
    width: number,
  ): void;
  gru(
    next: number,
    act: number,
    candidates: number,
    sums: number,
    products: number,
    inputBias: number,
    stateBias: number,
    hidden: number,
    rows: number,
    width: number,
  ): void;
  gruGradient(
    inputBar: number,
    stateBar: number,
    hiddenBar: number,
    gates: number,
    candidates: number,
    hidden: number,
    nextBar: number,
    rows: number,
    width: number,
  ): void;
  tanhStep(hidden: number, sums: number, bias: number, rows: number, width: number): void;
  tanhStepGradient(
    sumsBar: number,
    hidden: number,
    hiddenBar: number,
    rows: number,
    width: number,
  ): void;
  reluStep(hidden: number, sums: number, bias: number, rows: number, width: number): void;
  reluStepGradient(
    sumsBar: number,
    hidden: number,
    hiddenBar: number,
    rows: number,
    width: number,
  ): void;
  accumulate(target: number, source: number, count: number): void;
  softmax(target: number, source: number, factors: number, rows: number, length: number): void;
  logSoftmax(target: number, source: number, rows: number, length: number): void;
  sumExp(target: number, source: number, weights: number, rows: number, length: number): void;
  softmaxGradient(target: number, y: number, c: number, rows: number, length: number): void;
  logSoftmaxGradient(target: number, y: number, c: number, rows: number, length: number): void;
  extremaOfRows(
    values: number,
    places: number,
    source: number,
    rows: number,
    length: number,
    flip: number,
  ): void;
  shareTies(target: number, source: number, extrema: number, rows: number, length: number): void;
  countNonzero(target: number, source: number, rows: number, length: number): void;
  extremeMagnitudes(
    target: number,
    source: number,
    rows: number,
    length: number,
    isSmallest: number,
  ): void;
  sumCubes(target: number, source: number, rows: number, length: number): void;
  sumMagnitudes(target: number, source: number, rows: number, length: number): void;
  sumPowers(
    target: number,
    source: number,
    rows: number,
    length: number,
    p: number,
    atZero: number,
  ): void;
  sumRoots(target: number, source: number, rows: number, length: number): void;
  sumSquares(target: number, source: number, origins: number, rows: number, length: number): void;
  addRow(target: number, step: number, addend: number, rows: number, length: number): void;
  subtractProducts(
    target: number,
    factors: number,
    weights: number,
    rows: number,
    length: number,
  ): void;
  sumRows(target: number, source: number, rows: number, length: number, divisor: number): void;
  sumRowsWide(target: number, source: number, rows: number, length: number): void;
  sumColumns(
    target: number,
    source: number,
    outer: number,
    rows: number,
    columns: number,
    rowStep: number,
    toOuter: number,
    fromOuter: number,
    divisor: number,
  ): void;
  sumColumnsWide(
    target: number,
    source: number,
    rows: number,
    columns: number,
    rowStep: number,
  ): void;
  addUp(
    target: number,
    sums: number,
    results: number,
    resultStep: number,
    outer: number,
    outerStep: number,
    blocks: number,
    blockStep: number,
    divisor: number,
  ): void;
  addAt(
    sums: number,
    source: number,
    places: number,
    lines: number,
    columns: number,
    placeStep: number,
    columnStep: number,
    lineStep: number,
  ): void;
  narrow(target: number, source: number, count: number): void;
  widen(target: number, source: number, count: number): void;
  productRows(target: number, source: number, rows: number, length: number): void;
  runProducts(...args: RunArguments): void;
  runProductsBack(...args: RunArguments): void;
  runProductsDown(...args: RunDownArguments): void;
  runSums(...args: RunArguments): void;
  runSumsBack(...args: RunArguments): void;
  runSumsDown(...args: RunDownArguments): void;
  channelAffine(
    target: number,
    source: number,
    scales: number,
    shifts: number,
    samples: number,
    channels: number,
    length: number,
    sampleStep: number,
  ): void;
  channelAffineColumns(
    target: number,
    source: number,
    scales: number,
    shifts: number,
    rows: number,
    columns: number,
  ): void;
  channelAffineGradient(
    target: number,
    scaleBar: number,
    shiftBar: number,
    c: number,
    x: number,
    scales: number,
    channels: number,
    outer: number,
    length: number,
    channelStep: number,
    outerStep: number,
  ): void;
  channelAffineColumnsGradient(
    target: number,
    scaleBar: number,
    shiftBar: number,
    c: number,
    x: number,
    scales: number,
    rows: number,
    columns: number,
    rowStep: number,
  ): void;
  standardize(...args: GroupArguments): void;
  standardizeGradient(...args: GroupArguments): void;
  standardizeColumns(...args: ColumnArguments): void;
  standardizeColumnsGradient(...args: ColumnArguments): void;
}

type MatvecArguments = [
  y: number,
  a: number,
  aStep: number,
  x: number,
  xStep: number,
  m: number,
  k: number,
];

type PackArguments = [
  target: number,
  source: number,
  lineStep: number,
  alongStep: number,
  lines: number,
  along: number,
];

type RunArguments = [target: number, source: number, rows: number, length: number];

type RunDownArguments = [
  target: number,
  source: number,
  room: number,
  rows: number,
  columns: number,
  step: number,
];

type GroupArguments = [
  target: number,
  first: number,
  second: number,
  variances: number,
  groups: number,
  outer: number,
  length: number,
  groupStep: number,
  outerStep: number,
  eps: number,
  centers: number,
];

type ColumnArguments = [
  target: number,
  first: number,
  second: number,
  variances: number,
  rows: number,
  columns: number,
  rowStep: number,
  eps: number,
  centers: number,
];

type CopyArguments = [
  target: number,
  source: number,
  outer: number,
  rows: number,
  length: number,
  toOuter: number,
  toRow: number,
  fromOuter: number,
  fromRow: number,
];

type WindowArguments = [
  offsets: number,
  depth: number,
  corners: number,
  rows: number,
  width: number,
  step: number,
];

type RowArguments = [starts: number, rows: number, before: number, length: number, after: number];
