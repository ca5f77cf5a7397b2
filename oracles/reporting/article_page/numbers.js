"use strict";

/* Numbers as a reader sees them: the rules of grids.py, to the digit. */
const Numbers = (() => {
  const TONES = 8;
  const SMALLEST = 0.005; // what is smaller would read as 0.00, and is none
  const PLAIN = 6; // decimals before the first digit that can still be read
  const MINUS = "\u2212";
  const superscript = (text) => [...text].map((c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]).join("");

  const minus = (text) => text.replaceAll("-", MINUS);

  /** A power of ten as a factor. */
  const unit = (power) => (power ? `× 10${superscript(String(power))}` : "");

  const largest = (numbers) =>
    numbers.filter(Number.isFinite).reduce((most, value) => Math.max(most, Math.abs(value)), 0);

  /** Whether all are whole and short, as the pixels of an image are. */
  const whole = (numbers) => numbers.every(Number.isInteger) && largest(numbers) < 99.5;

  /** The power of ten to take out, so that the largest has one digit or two. */
  const powerOfTen = (numbers) => {
    const most = largest(numbers);
    if (most === 0 || (most >= 0.1 && most < 99.5)) return 0;
    return Number(most.toExponential(6).split("e")[1]);
  };

  const special = (value) => (Number.isNaN(value) ? "NaN" : `${value < 0 ? MINUS : ""}∞`);

  /** A number in units of ten to the `power`, short enough for a cell. */
  const cellText = (value, power, isWhole) => {
    if (!Number.isFinite(value)) return special(value);
    if (value === 0) return "0";
    const scaled = value / Number(`1e${power}`);
    if (Math.abs(scaled) < SMALLEST) return minus(scaled.toExponential(0));
    return minus(scaled.toFixed(isWhole ? 0 : Math.abs(scaled) >= 9.995 ? 1 : 2));
  };

  /** The colour of a number among numbers of which the largest is given. */
  const tone = (value, most) => {
    if (!Number.isFinite(value) || most === 0) return "z";
    const depth = Math.floor(TONES * (Math.abs(value) / most) + 0.5);
    return depth === 0 ? "z" : `${value < 0 ? "n" : "p"}${depth}`;
  };

  /** A number to so many digits: 2.18, −0.94, 1.2e−16. */
  const significant = (value, digits = 3) => {
    if (!Number.isFinite(value)) return special(value);
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
    const short = exponent >= -4 && exponent < digits;
    if (short) return minus(String(Number(`${mantissa}e${exponent}`)));
    const sign = exponent < 0 ? "-" : "+";
    return minus(`${Number(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`);
  };

  /** A number to so many digits and without a power of ten, where it is not too long. */
  const plain = (value, digits = 3) => {
    if (!Number.isFinite(value) || value === 0) return significant(value, digits);
    const exponent = Number(value.toExponential(digits - 1).split("e")[1]);
    if (exponent < -PLAIN || exponent >= PLAIN) return significant(value, digits);
    return minus(value.toFixed(Math.max(0, digits - 1 - exponent)));
  };

  /** The significant digits, or a dash where there is none: of a direction that a matrix of zeros has not. */
  const known = (value) => (Number.isFinite(value) ? significant(value) : "–");

  /** A number as a factor of a product: in brackets where it is negative. */
  const factor = (value, digits = 3) =>
    (value < 0 ? `(${significant(value, digits)})` : significant(value, digits));

  return Object.freeze({
    minus, unit, largest, whole, powerOfTen, cellText, tone, significant, plain, known, factor,
  });
})();
