/**
 * The computation graph as text, picture, page and worked example.
 *
 * @module
 */
export {};
