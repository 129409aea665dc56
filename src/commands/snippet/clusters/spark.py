from pyspark.sql import SparkSession

if SparkSession.getActiveSession() is not None:
    raise RuntimeError("a Spark session runs already, without these variables: spark.stop(), then this again")
builder = SparkSession.builder  # with what you set otherwise: .master(...), .config(...)
for name, value in BQCRED_VARIABLES.items():
    builder = builder.config("spark.executorEnv." + name, value)
spark = builder.getOrCreate()
