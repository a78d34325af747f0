export { directMapper, type Mapper, startMapper } from '../mapper/mapper.ts'
