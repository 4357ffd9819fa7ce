/**
 * gradcheck and the laws that every op must obey.
 *
 * @module
 */
export {};
