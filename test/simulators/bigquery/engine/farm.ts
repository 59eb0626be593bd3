/** FarmHash (Fingerprint64), the function behind FARM_FINGERPRINT: published algorithm, own code. */
const mask = (1n << 64n) - 1n;
const k0 = 0xc3a5c85c97cb3127n;
const k1 = 0xb492b66fbe98f273n;
const k2 = 0x9ae16a3b2f90404fn;

const rotate = (v: bigint, by: bigint): bigint => (by === 0n ? v : ((v >> by) | (v << (64n - by))) & mask);
const mix = (v: bigint): bigint => v ^ (v >> 47n);
const u64 = (v: bigint): bigint => v & mask;

function hash16(u: bigint, v: bigint, mul: bigint): bigint {
  let a = u64((u ^ v) * mul);
  a ^= a >> 47n;
  let b = u64((v ^ a) * mul);
  b ^= b >> 47n;
  return u64(b * mul);
}

function upTo16(s: DataView): bigint {
  const n = s.byteLength;
  const at = (i: number) => s.getBigUint64(i, true);
  const at32 = (i: number) => BigInt(s.getUint32(i, true));
  if (n >= 8) {
    const mul = u64(k2 + BigInt(n) * 2n);
    const a = u64(at(0) + k2);
    const b = at(n - 8);
    const c = u64(rotate(b, 37n) * mul + a);
    const d = u64((rotate(a, 25n) + b) * mul);
    return hash16(c, d, mul);
  }
  if (n >= 4) {
    const mul = u64(k2 + BigInt(n) * 2n);
    return hash16(u64(BigInt(n) + (at32(0) << 3n)), at32(n - 4), mul);
  }
  if (n === 0) return k2;
  const y = BigInt(s.getUint8(0)) + (BigInt(s.getUint8(n >> 1)) << 8n);
  const z = BigInt(n) + (BigInt(s.getUint8(n - 1)) << 2n);
  return u64(mix(u64(y * k2) ^ u64(z * k0)) * k2);
}

function upTo32(s: DataView): bigint {
  const n = s.byteLength;
  const at = (i: number) => s.getBigUint64(i, true);
  const mul = u64(k2 + BigInt(n) * 2n);
  const a = u64(at(0) * k1);
  const b = at(8);
  const c = u64(at(n - 8) * mul);
  const d = u64(at(n - 16) * k2);
  return hash16(u64(rotate(u64(a + b), 43n) + rotate(c, 30n) + d), u64(a + rotate(u64(b + k2), 18n) + c), mul);
}

function upTo64(s: DataView): bigint {
  const n = s.byteLength;
  const at = (i: number) => s.getBigUint64(i, true);
  const mul = u64(k2 + BigInt(n) * 2n);
  const a = u64(at(0) * k2);
  const b = at(8);
  const c = u64(at(n - 8) * mul);
  const d = u64(at(n - 16) * k2);
  const y = u64(rotate(u64(a + b), 43n) + rotate(c, 30n) + d);
  const z = hash16(y, u64(a + rotate(u64(b + k2), 18n) + c), mul);
  const e = u64(at(16) * mul);
  const f = at(24);
  const g = u64((y + at(n - 32)) * mul);
  const h = u64((z + at(n - 24)) * mul);
  return hash16(u64(rotate(u64(e + f), 43n) + rotate(g, 30n) + h), u64(e + rotate(u64(f + a), 18n) + g), mul);
}

function weak(s: DataView, at: number, a: bigint, b: bigint): [bigint, bigint] {
  const word = (i: number) => s.getBigUint64(at + i, true);
  const first = u64(a + word(0));
  let second = rotate(u64(b + first + word(24)), 21n);
  const sum = u64(first + word(8) + word(16));
  second = u64(second + rotate(sum, 44n));
  return [u64(sum + word(24)), u64(second + first)];
}

function longer(s: DataView): bigint {
  const n = s.byteLength;
  const at = (i: number) => s.getBigUint64(i, true);
  const seed = 81n;
  let x = seed;
  let y = u64(seed * k1 + 113n);
  let z = u64(mix(u64(y * k2 + 113n)) * k2);
  let v: [bigint, bigint] = [0n, 0n];
  let w: [bigint, bigint] = [0n, 0n];
  x = u64(x * k2 + at(0));
  const end = Math.floor((n - 1) / 64) * 64;
  const last = end + ((n - 1) & 63) - 63;
  let i = 0;
  do {
    x = u64(rotate(u64(x + y + v[0] + at(i + 8)), 37n) * k1);
    y = u64(rotate(u64(y + v[1] + at(i + 48)), 42n) * k1);
    x ^= w[1];
    y = u64(y + v[0] + at(i + 40));
    z = u64(rotate(u64(z + w[0]), 33n) * k1);
    v = weak(s, i, u64(v[1] * k1), u64(x + w[0]));
    w = weak(s, i + 32, u64(z + w[1]), u64(y + at(i + 16)));
    [z, x] = [x, z];
    i += 64;
  } while (i !== end);
  const mul = u64(k1 + ((z & 0xffn) << 1n));
  i = last;
  w = [u64(w[0] + BigInt((n - 1) & 63)), w[1]];
  v = [u64(v[0] + w[0]), v[1]];
  w = [u64(w[0] + v[0]), w[1]];
  x = u64(rotate(u64(x + y + v[0] + at(i + 8)), 37n) * mul);
  y = u64(rotate(u64(y + v[1] + at(i + 48)), 42n) * mul);
  x ^= u64(w[1] * 9n);
  y = u64(y + v[0] * 9n + at(i + 40));
  z = u64(rotate(u64(z + w[0]), 33n) * mul);
  v = weak(s, i, u64(v[1] * mul), u64(x + w[0]));
  w = weak(s, i + 32, u64(z + w[1]), u64(y + at(i + 16)));
  [z, x] = [x, z];
  return hash16(u64(hash16(v[0], w[0], mul) + u64(mix(y) * k0) + z), u64(hash16(v[1], w[1], mul) + x), mul);
}

export function fingerprint(bytes: Uint8Array): bigint {
  const s = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const n = bytes.byteLength;
  const hash = n <= 16 ? upTo16(s) : n <= 32 ? upTo32(s) : n <= 64 ? upTo64(s) : longer(s);
  return BigInt.asIntN(64, hash);
}
