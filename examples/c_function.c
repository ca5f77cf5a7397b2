/* A convolution over one axis, in float32: x (n, in, length), w (out, in, taps),
   y (n, out, many), all in C order. Tap k of position m falls on x at m * stride - padding + k. */

#define SIZES int n, int in, int length, int out, int taps, int many, int stride, int padding

#define EACH_TERM                                                              \
    for (int s = 0; s < n; s++)                                                \
        for (int o = 0; o < out; o++)                                          \
            for (int m = 0; m < many; m++)                                     \
                for (int i = 0; i < in; i++)                                   \
                    for (int k = 0, at = m * stride - padding; k < taps; k++, at++) \
                        if (at >= 0 && at < length)

#define X (s * in + i) * length + at
#define W (o * in + i) * taps + k
#define Y (s * out + o) * many + m

/* Adds to y, which begins as the bias. */
void forward(float *y, const float *x, const float *w, SIZES)
{
    EACH_TERM y[Y] += x[X] * w[W];
}

/* Adds to grad_x and grad_w, which begin as zeros. */
void backward(float *grad_x, float *grad_w, const float *g, const float *x, const float *w, SIZES)
{
    EACH_TERM {
        grad_x[X] += g[Y] * w[W];
        grad_w[W] += g[Y] * x[X];
    }
}
