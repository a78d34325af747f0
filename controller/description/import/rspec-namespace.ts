export const rspecNamespace = 'http://www.geni.net/resources/rspec/3'
