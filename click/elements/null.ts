/**
 * Null: does nothing.
 *
 * Ports: one input, one output. Processing: agnostic.
 */
import { defineElement } from '../element.ts'

// `null` is a word of the language.
export const nullElement = defineElement({ name: 'Null', summary: 'does nothing', ports: '1/1' })
