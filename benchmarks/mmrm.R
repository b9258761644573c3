# Times nlme::gls and, where it is installed, mmrm on the trials benchmarks/mmrm.py wrote.
# Prints one line for each: name, number of fits, seconds one after another, of those in the
# processor, seconds with the fits spread over the cores, and the last estimate.
# Arguments: file, cores, most fits, and which of the two to leave out ("none" for neither).
given <- commandArgs(trailingOnly = TRUE)
trials <- read.csv(given[1])
cores <- as.integer(given[2])
most <- as.integer(given[3])
without <- given[4]
for (name in c("visit", "participant")) trials[[name]] <- factor(trials[[name]])
trials$arm <- relevel(factor(trials$arm), "placebo")
trials <- split(trials, trials$trial)
trials <- trials[seq_len(min(most, length(trials)))]

time_of <- function(name, one, fits) {
  if (name == without) return(invisible())
  one(trials[[1]])
  some <- rep_len(trials, fits)
  alone <- system.time(results <- lapply(some, one))
  spread <- system.time(parallel::mclapply(some, one, mc.cores = cores))[["elapsed"]]
  busy <- alone[["user.self"]] + alone[["sys.self"]]
  cat(name, fits, alone[["elapsed"]], busy, spread, format(results[[fits]], digits = 12), "\n")
}

model <- change ~ baseline + arm * visit
time_of("nlme::gls", function(trial) {
  fit <- nlme::gls(
    model, trial, na.action = na.omit, weights = nlme::varIdent(form = ~ 1 | visit),
    correlation = nlme::corSymm(form = ~ as.integer(visit) | participant)
  )
  sum(coef(fit)[c("armactive", "armactive:visit4")])
}, max(2, length(trials) %/% 10))

if (requireNamespace("mmrm", quietly = TRUE)) {
  suppressWarnings(library(mmrm))
  last <- c(0, 0, 1, 0, 0, 0, 0, 0, 1)
  time_of("mmrm", function(trial) {
    fit <- mmrm(
      change ~ baseline + arm * visit + us(visit | participant), trial,
      method = "Kenward-Roger", vcov = "Kenward-Roger-Linear"
    )
    df_1d(fit, last)$est
  }, length(trials))
}
