"""The index in a core of Apache Solr 9, one flat document for each file."""
