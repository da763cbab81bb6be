#ifndef FEDC_EXPORT_H
#define FEDC_EXPORT_H

/* What libfedc.so shows; everything else in it is hidden. */
#if defined(__GNUC__)
#define FEDC_API __attribute__((visibility("default")))
#define FEDC_LOCAL __attribute__((visibility("hidden")))
#else
#define FEDC_API
#define FEDC_LOCAL
#endif

#endif
