/**
 * Tables for people: aligned by display width, two spaces between columns. On a narrow terminal the
 * columns that may be cut give way first, then the line is cut as a whole.
 */

import { printable } from './printable.ts'
import type { Format, Paper } from './terminal.ts'
import { cutTo, displayWidth, padTo } from './width.ts'

export interface Column {
  readonly title: string
  /** Least width it may be cut to; without it the column is never cut on its own. */
  readonly least?: number
}

export interface Cell {
  readonly text: string
  readonly format?: Format
}

export interface Row {
  readonly icon: Cell
  readonly cells: readonly (string | Cell)[]
}

export function renderTable(
  columns: readonly Column[],
  rows: readonly Row[],
  paper: Paper,
): string {
  const widths = widthsFor(columns, naturalWidths(columns, rows), paper.columns)
  const head = line(
    { text: ' ' },
    columns.map((column) => column.title),
    widths,
    plain(paper),
  )
  const lines = rows.map((row) => line(row.icon, row.cells, widths, paper))
  return `${[paper.style('dim', head), ...lines].join('\n')}\n`
}

function plain(paper: Paper): Paper {
  return { ...paper, style: (_, text) => text }
}

function naturalWidths(columns: readonly Column[], rows: readonly Row[]): number[] {
  return columns.map(({ title }, index) =>
    Math.max(
      displayWidth(title),
      ...rows.map((row) => displayWidth(cellOf(row.cells[index]).text)),
    ),
  )
}

const ICON_WIDTH = 2
const GAP = 2

/** Takes from the widest column that may give, one cell at a time, until all fit or none may give. */
function widthsFor(
  columns: readonly Column[],
  natural: readonly number[],
  room: number | null,
): number[] {
  const widths = [...natural]
  const total = () =>
    widths.reduce((sum, width) => sum + width, ICON_WIDTH + GAP * (widths.length - 1))
  while (room !== null && total() > room) {
    const widest = widths
      .map((width, index) => ({ width, index, least: columns[index]?.least ?? width }))
      .filter(({ width, least }) => width > least)
      .sort((a, b) => b.width - a.width)[0]
    if (!widest) break
    widths[widest.index] = widest.width - 1
  }
  return widths
}

function line(icon: Cell, cells: Row['cells'], widths: readonly number[], paper: Paper): string {
  let room = (paper.columns ?? Number.POSITIVE_INFINITY) - ICON_WIDTH
  const parts = widths.map((width, index) => {
    const cell = cellOf(cells[index])
    const last = index === widths.length - 1
    const text = cutTo(cutTo(cell.text, width), Math.max(0, room))
    room -= width + GAP
    const filled = last ? text : padTo(text, width + GAP)
    return cell.format
      ? filled.replace(text, () => paper.style(cell.format ?? 'reset', text))
      : filled
  })
  const whole = `${icon.format ? paper.style(icon.format, icon.text) : icon.text} ${parts.join('')}`
  return whole.trimEnd()
}

/** Whatever it is, it may stand in a database that others can write to. */
function cellOf(cell: string | Cell | undefined): Cell {
  if (typeof cell === 'object') return { ...cell, text: printable(cell.text) }
  return { text: printable(cell ?? '') }
}
