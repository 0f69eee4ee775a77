import { createTheme, type MantineColorsTuple } from '@mantine/core';

/** Ten shades from the soft selection tint to the darkest petrol. */
const petrol: MantineColorsTuple = [
  '#e4f1f2',
  '#cde5e7',
  '#a3d0d4',
  '#74bac1',
  '#4ba6ae',
  '#2a96a1',
  '#0e7c8a',
  '#0a6673',
  '#085560',
  '#05444d',
];

export const theme = createTheme({
  primaryColor: 'petrol',
  primaryShade: { light: 7, dark: 4 },
  colors: { petrol },
  defaultRadius: 'md',
  fontFamily: "'IBM Plex Sans Variable', system-ui, sans-serif",
  respectReducedMotion: true,
  cursorType: 'pointer',
});
