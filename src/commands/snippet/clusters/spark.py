from pyspark.sql import SparkSession

builder = SparkSession.builder  # with what you set otherwise: .master(...), .config(...)
for name, value in BQCRED_VARIABLES.items():
    builder = builder.config("spark.executorEnv." + name, value)
spark = builder.getOrCreate()
if not hasattr(spark, "sparkContext"):
    raise RuntimeError("Spark Connect's executors don't get these variables: they are set where its server is started")
if not BQCRED_VARIABLES.items() <= spark.sparkContext.environment.items():
    raise RuntimeError("Spark runs already, without these variables: spark.stop(), then this again")
