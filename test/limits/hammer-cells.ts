/**
 * Shared cells: of all processes the first row; of the hammer with number n the row n + 1, with a
 * count of what was admitted of the first two choices in each window.
 */
export const cellCount = 64;
export const cellRows = 32;
export const cellOf = (choice: number, window: number) => choice * 32 + (window % 32);
export const cellBytes = cellRows * cellCount * 4;
export const startCell = 0;
export const clockCell = 1;
