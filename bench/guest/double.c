/* SPDX-License-Identifier: GPL-2.0-only */
/* Scalar floating point.  No libm: square roots and fma are one instruction on both machines. */
#include "bench.h"

#include <string.h>

#define sqrt_of(x) __builtin_sqrt(x)

/* --- nbody --- */

#define BODIES 5

struct body {
	double x[3], v[3], mass;
};

static void nbody_step(struct body *b, double dt)
{
	for (int i = 0; i < BODIES; i++)
		for (int j = i + 1; j < BODIES; j++) {
			double d[3], r2 = 0, f;

			for (int k = 0; k < 3; k++) {
				d[k] = b[i].x[k] - b[j].x[k];
				r2 += d[k] * d[k];
			}
			f = dt / (r2 * sqrt_of(r2));
			for (int k = 0; k < 3; k++) {
				b[i].v[k] -= d[k] * b[j].mass * f;
				b[j].v[k] += d[k] * b[i].mass * f;
			}
		}
	for (int i = 0; i < BODIES; i++)
		for (int k = 0; k < 3; k++)
			b[i].x[k] += dt * b[i].v[k];
}

static u64 run_nbody(u64 n)
{
	struct body b[BODIES];

	for (int i = 0; i < BODIES; i++)
		b[i] = (struct body){ { i * 3.5 + 1, i * i * 0.7 - 2, 0.3 * i },
				      { 0.1 * i, 0.25 - 0.1 * i, 0.01 * i }, 10.0 / (1 + i * i * i) };
	while (n--)
		nbody_step(b, 0.001);
	return bench_bits(b[0].x[0] + b[4].x[1] + b[2].v[2]);
}

/* --- linpack: factor and solve --- */

#define ORDER 32

static void daxpy(int n, double a, const double *x, double *y)
{
	for (int i = 0; i < n; i++)
		y[i] += a * x[i];
}

static double linpack_once(double m[ORDER][ORDER], double *b)
{
	for (int k = 0; k < ORDER - 1; k++) {
		int pivot = k;
		double t[ORDER];

		for (int i = k + 1; i < ORDER; i++)
			if (__builtin_fabs(m[i][k]) > __builtin_fabs(m[pivot][k]))
				pivot = i;
		memcpy(t, m[k], sizeof(t));
		memcpy(m[k], m[pivot], sizeof(t));
		memcpy(m[pivot], t, sizeof(t));
		t[0] = b[k];
		b[k] = b[pivot];
		b[pivot] = t[0];
		for (int i = k + 1; i < ORDER; i++) {
			double f = -m[i][k] / m[k][k];

			daxpy(ORDER - k, f, &m[k][k], &m[i][k]);
			b[i] += f * b[k];
		}
	}
	for (int i = ORDER - 1; i >= 0; i--) {
		for (int j = i + 1; j < ORDER; j++)
			b[i] -= m[i][j] * b[j];
		b[i] /= m[i][i];
	}
	return b[0] + b[ORDER / 2];
}

static u64 run_linpack(u64 n)
{
	static double m[ORDER][ORDER], b[ORDER];
	u32 seed = 29;
	double sum = 0;

	while (n--) {
		for (int i = 0; i < ORDER * ORDER; i++)
			m[i / ORDER][i % ORDER] = (double)bench_rand(&seed) / 16777216.0 - 0.5;
		for (int i = 0; i < ORDER; i++)
			b[i] = (double)bench_rand(&seed) / 16777216.0;
		sum += linpack_once(m, b);
	}
	return bench_bits(sum);
}

/* --- fft of 256 complex numbers --- */

#define FFT 256

static double fft_cos[FFT / 2], fft_sin[FFT / 2];

/* The roots of unity by halving angles: square roots only. */
static void setup_fft(void)
{
	double c = 0, s = 1;

	for (int step = FFT / 4; step > 1; step /= 2) {
		double half = sqrt_of((1 + c) / 2);

		s = s / (2 * half);
		c = half;
	}
	fft_cos[0] = 1;
	for (int i = 1; i < FFT / 2; i++) {
		fft_cos[i] = fft_cos[i - 1] * c - fft_sin[i - 1] * s;
		fft_sin[i] = fft_sin[i - 1] * c + fft_cos[i - 1] * s;
	}
}

static void fft(double *re, double *im)
{
	for (int i = 1, j = 0; i < FFT; i++) {
		int bit = FFT / 2;

		for (; j & bit; bit /= 2)
			j ^= bit;
		j ^= bit;
		if (i < j) {
			double t = re[i];

			re[i] = re[j];
			re[j] = t;
			t = im[i];
			im[i] = im[j];
			im[j] = t;
		}
	}
	for (int len = 2; len <= FFT; len *= 2)
		for (int i = 0; i < FFT; i += len)
			for (int k = 0; k < len / 2; k++) {
				double wr = fft_cos[k * (FFT / len)], wi = -fft_sin[k * (FFT / len)];
				int a = i + k, b = a + len / 2;
				double tr = re[b] * wr - im[b] * wi, ti = re[b] * wi + im[b] * wr;

				re[b] = re[a] - tr;
				im[b] = im[a] - ti;
				re[a] += tr;
				im[a] += ti;
			}
}

static u64 run_fft(u64 n)
{
	static double re[FFT], im[FFT];
	u32 seed = 31;
	double sum = 0;

	while (n--) {
		for (int i = 0; i < FFT; i++) {
			re[i] = (double)(bench_rand(&seed) & 0xffff);
			im[i] = 0;
		}
		fft(re, im);
		sum += re[17] + im[FFT - 5];
	}
	return bench_bits(sum);
}

/* --- horner: chains of fused multiply-adds --- */

static u64 run_horner(u64 n)
{
	static const double c[] = { 0.5, -0.166, 0.0416, -0.00833, 0.00138, -0.000198, 0.0000248, 1.0 };
	double x = 0.3, sum = 0;

	while (n--) {
		double y = c[0], z = c[7];

		for (int i = 1; i < 8; i++) {
			y = __builtin_fma(y, x, c[i]);
			z = __builtin_fma(-z, x, c[7 - i]);
		}
		sum += y + z;
		x = x * 0.75 + 0.1 / (1 + sum * sum);
	}
	return bench_bits(sum);
}

/* --- matmul: single precision --- */

#define MM 32

static u64 run_matmul(u64 n)
{
	static float a[MM][MM], b[MM][MM], c[MM][MM];
	float sum = 0;

	for (int i = 0; i < MM * MM; i++) {
		a[i / MM][i % MM] = (float)(i % 37) * 0.25f;
		b[i / MM][i % MM] = (float)(i % 23) * 0.125f - 1;
	}
	while (n--) {
		for (int i = 0; i < MM; i++)
			for (int j = 0; j < MM; j++) {
				float t = 0;

				for (int k = 0; k < MM; k++)
					t += a[i][k] * b[k][j];
				c[i][j] = t;
			}
		sum += c[n % MM][3];
		a[n % MM][7] = sum * 0.001f;
	}
	return bench_bits((double)sum);
}

/* --- mandelbrot --- */

static u64 run_mandel(u64 n)
{
	u64 sum = 0;

	for (u64 i = 0; i < n; i++) {
		double cr = -2 + (double)(i * 37 % 1000) * 0.003, ci = -1 + (double)(i * 91 % 1000) * 0.002;
		double x = 0, y = 0;
		int k = 0;

		for (; k < 100 && x * x + y * y < 4; k++) {
			double t = x * x - y * y + cr;

			y = 2 * x * y + ci;
			x = t;
		}
		sum = sum * 3 + (u64)k;
	}
	return sum;
}

/* --- spectral: division and conversion --- */

static u64 run_spectral(u64 n)
{
	double u[24], v[24], sum = 0;

	for (int i = 0; i < 24; i++)
		u[i] = 1;
	while (n--) {
		for (int i = 0; i < 24; i++) {
			v[i] = 0;
			for (int j = 0; j < 24; j++)
				v[i] += u[j] / (double)((i + j) * (i + j + 1) / 2 + i + 1);
		}
		for (int i = 0; i < 24; i++)
			u[i] = v[i] / (v[0] + 0.5);
		sum += u[23];
	}
	return bench_bits(sum);
}

/* --- convert: between integers, float and double, with comparisons --- */

static u64 run_convert(u64 n)
{
	u32 seed = 37;
	u64 sum = 0;

	while (n--) {
		s32 i = (s32)bench_rand(&seed) - 8388608;
		float f = (float)i * 0.7f;
		double d = (double)f / 3.0;

		if (d < 1000.0)
			d = -d * 0.5;
		sum = sum * 7 + (u64)(s64)d + (u64)(u32)(s32)f;
		sum += (u64)(d > (double)i) + (u64)(s64)__builtin_fabs((double)i);
	}
	return sum;
}

const struct bench bench_double[] = {
	{ "nbody", "double", 200, NULL, run_nbody },
	{ "linpack", "double", 2, NULL, run_linpack },
	{ "fft", "double", 4, setup_fft, run_fft },
	{ "horner", "double", 500, NULL, run_horner },
	{ "matmul_f32", "double", 2, NULL, run_matmul },
	{ "mandelbrot", "double", 200, NULL, run_mandel },
	{ "spectral", "double", 10, NULL, run_spectral },
	{ "convert", "double", 2000, NULL, run_convert },
	{ 0 },
};
